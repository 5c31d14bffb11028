import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

import { describeServers } from "../helpers/brokers.ts";
import { Child } from "../helpers/child.ts";
import { openRaw } from "../helpers/raw-client.ts";
import { answer, events, head } from "../helpers/stream-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

const fixture = fileURLToPath(new URL("fixtures/crane-server.ts", import.meta.url));

describeServers("F41: a durable run, with three processes", (kit) => {
  test("survives its viewer, is resumed in another process, and is cancelled from a third", async () => {
    const launch = async (): Promise<{ child: Child; port: number }> => {
      const child = new Child(fixture, { args: [kit.kind, kit.url] });
      const { port } = await child.message((message) => message.port, 120_000);
      return { child, port };
    };
    const [runner, viewer, third] = await Promise.all([launch(), launch(), launch()]);
    const open = (port: number, request: object) => {
      const client = openRaw({ port }, { path: "/api/crane/unload", ...request });
      onTestFinished(() => client.leave());
      return client;
    };

    const first = await head(open(runner.port, {}));
    await runner.child.call("publish", 1);
    expect(await events(first, 1)).toEqual([{ number: 1 }]);
    first.leave();
    await runner.child.call("publish", 2);

    const seen = { "last-event-id": first.stream.lastEventId };
    const second = await head(open(viewer.port, { headers: seen }));
    expect(await events(second, 1)).toEqual([{ number: 2 }]);
    await runner.child.call("publish", 3);
    expect(await events(second, 2)).toEqual([{ number: 2 }, { number: 3 }]);

    const run = second.headers["pinestream-run"];
    const stopped = await answer(open(third.port, { path: `/api/crane/unload/${run}`, method: "DELETE" }));
    expect(stopped.status).toBe(204);
    await waitFor(() => runner.child.call("reason"), { what: "the end of the handler" });
    expect(await runner.child.call("reason")).toBe("closed");
    await waitFor(() => second.over, { what: "the viewer's end" });

    const late = await answer(open(third.port, { headers: { "last-event-id": second.stream.lastEventId } }));
    expect(late.status).toBe(410);
    const starts = await Promise.all([runner, viewer, third].map(({ child }) => child.call("starts")));
    expect(starts).toEqual([1, 0, 0]);
  });
});
