// Found by the benchmark: on a Redis that did not know the scripts yet, what was published first could be overtaken.

import { expect, test } from "vitest";
import { createLog, describeServers } from "../helpers/brokers.ts";
import type { RedisServer } from "../helpers/redis.ts";

describeServers("publishes that nobody awaits, on a server that has seen none yet", (kit) => {
  test("keep their order", async () => {
    if (kit.kind === "redis") await (kit.server as RedisServer).ask("SCRIPT FLUSH");
    const broker = kit.create();
    const log = createLog({ history: 200 });
    const numbers = Array.from({ length: 100 }, (_, at) => String(at));
    const published: Promise<unknown>[] = [];
    for (const data of numbers) {
      published.push(broker.publish(log, { event: "boat", data }));
      // In several turns, so that answers come in between.
      if (published.length % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(published);
    const { entries } = await broker.read(log, 0, 200);
    expect(entries.map(({ data }) => data)).toEqual(numbers);
  });
});
