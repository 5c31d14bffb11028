// The suite in this process, with Node's own fetch.
import { describe } from "vitest";
import { MisbehavingServer } from "./misbehaving-server.ts";
import { scenarios, type Environment } from "./scenarios.ts";
import { describeClient } from "./suite.ts";

const node: Environment = {
  name: "Node",
  run: (name, options) => (scenarios[name] as (options: object) => any)(options),
};

describe("the client in Node", () => {
  describeClient(
    () => node,
    async () => await MisbehavingServer.start(),
  );
});
