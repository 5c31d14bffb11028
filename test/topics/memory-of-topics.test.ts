// What topics take: bounded by their history, and nothing when nobody uses them any more.
import { expect, onTestFinished, test } from "vitest";
import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";

import type { LogEntry, LogListener } from "../../src/topic/broker.ts";
import { acquireFeed } from "../../src/topic/feed.ts";
import { memoryBroker } from "../../src/topic/memory-broker.ts";
import { createLog, describeServers, range, uniqueName } from "../helpers/brokers.ts";
import { Collectables } from "../helpers/leaks.ts";
import type { RedisServer } from "../helpers/redis.ts";
import { waitFor } from "../helpers/wait-for.ts";

/** Remembers what comes without holding it. */
class Forgetful implements LogListener {
  readonly entries: Collectables;

  constructor(entries: Collectables) {
    this.entries = entries;
  }

  onEntry(entry: LogEntry): void {
    this.entries.add(entry);
  }

  onInterruption(): void {}
}

test("a topic in memory holds as many events as its history, and none without", async () => {
  const broker = memoryBroker();
  onTestFinished(() => broker.close());
  for (const history of [0, 10]) {
    const log = createLog({ history });
    const entries = new Collectables();
    await broker.subscribe(log, new Forgetful(entries));
    for (let each = 0; each < 1_000; each++) await broker.publish(log, { event: "boat", data: String(each) });
    expect(entries.added).toBe(1_000);
    await entries.gone({ most: history });
    expect(entries.alive).toBe(history);
  }
});

test("ten thousand keys in memory that nobody uses any more are freed, and what came in them", async () => {
  const broker = memoryBroker();
  onTestFinished(() => broker.close());
  const topic = uniqueName("rooms");
  const [entries, listeners, feeds] = [new Collectables(), new Collectables(), new Collectables()];
  await (async () => {
    const closers: (() => void)[] = [];
    for (const each of range(1, 10_000)) {
      const log = createLog({ topic, key: String(each), ttlMs: 1_500 });
      const listener = new Forgetful(entries);
      listeners.add(listener);
      const { close } = await broker.subscribe(log, listener);
      const feed = await acquireFeed(broker, log);
      feeds.add(feed);
      await broker.publish(log, { event: "boat", data: "1" });
      closers.push(close, () => feed.release());
    }
    for (const close of closers) close();
  })();
  expect(entries.added).toBe(10_000);
  await listeners.gone();
  await feeds.gone();
  await entries.gone();
});

describeServers("keys that nobody uses any more", (kit) => {
  const countKeys = async (): Promise<number> => {
    if (kit.kind === "redis") return Number((await (kit.server as RedisServer).ask("DBSIZE")).slice(1));
    const core = await connect({ servers: kit.url });
    try {
      let count = 0;
      const manager = await jetstreamManager(core);
      for await (const { state } of manager.streams.list()) count += state.messages;
      return count;
    } finally {
      await core.close();
    }
  };

  test("are gone from the server with their last event", async () => {
    const broker = kit.create({ publishTimeout: 30_000 });
    const topic = uniqueName("rooms");
    const logs = range(1, 10_000).map((each) => createLog({ topic, key: String(each), ttlMs: 5_000 }));
    for (let at = 0; at < logs.length; at += 500) {
      await Promise.all(
        logs.slice(at, at + 500).map((log) => broker.publish(log, { event: "boat", data: "1" })),
      );
    }
    expect(await countKeys()).toBeGreaterThan(0);
    // Redis remembers for some seconds what it was told, lest it be told again.
    await waitFor(async () => (await countKeys()) === 0, { boundMs: 60_000, what: "the end of the keys" });
  }, 120_000);
});
