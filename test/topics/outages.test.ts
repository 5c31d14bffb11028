// Brokers whose server, or whose way to it, fails.
import { connect } from "@nats-io/transport-node";
import { jetstreamManager } from "@nats-io/jetstream";
import { describe, expect, onTestFinished, test } from "vitest";

import { BrokerError } from "../../src/errors/topic-errors.ts";
import type { Broker } from "../../src/topic/broker.ts";
import {
  createBroker,
  createLog,
  describeServers,
  Listening,
  publishNumbers,
  range,
  readAll,
  type ServerKit,
} from "../helpers/brokers.ts";
import { activeResources } from "../helpers/leaks.ts";
import type { RedisServer } from "../helpers/redis.ts";
import { TCPProxy } from "../helpers/tcp-proxy.ts";
import { settles, waitFor } from "../helpers/wait-for.ts";

const rejection = async (promise: Promise<unknown>): Promise<BrokerError> => {
  const error = await settles(
    promise.then(
      () => undefined,
      (each: unknown) => each,
    ),
    { what: "a rejection" },
  );
  expect(error).toBeInstanceOf(BrokerError);
  return error as BrokerError;
};

/** A broker that reaches the server through a proxy. */
const createBehindProxy = async (
  kit: ServerKit,
  options = {},
): Promise<{ proxy: TCPProxy; broker: Broker }> => {
  const proxy = await TCPProxy.launch(kit.server.port);
  const url = kit.url.replace(String(kit.server.port), String(proxy.port));
  const broker = createBroker(kit.kind, url, { onStatus: () => {}, ...options });
  onTestFinished(async () => {
    await broker.close();
    await proxy[Symbol.asyncDispose]();
  });
  return { proxy, broker };
};

describeServers("a network that fails", (kit) => {
  test("what others publish while it is cut is read when it is back", async () => {
    const { proxy, broker } = await createBehindProxy(kit);
    const other = kit.create();
    const log = createLog();
    const listener = new Listening();
    await broker.subscribe(log, listener);
    const [first] = await publishNumbers(other, log, 1, 1);
    await listener.take(1);
    proxy.refuses = true;
    proxy.cut();
    await publishNumbers(other, log, 2, 30);
    proxy.refuses = false;
    await waitFor(() => listener.interruptions > 0, { what: "the news of the interruption" });
    expect(await readAll(broker, log, first!)).toEqual({ data: range(2, 30), isWhole: true });
    await publishNumbers(other, log, 31, 31);
    await waitFor(() => listener.data.includes(31), { what: "what comes next" });
  });

  test("a publish whose answer was lost is sent again and is there once", async () => {
    const { proxy, broker } = await createBehindProxy(kit);
    const other = kit.create();
    for (const history of [0, 3, 100]) {
      const log = createLog({ history });
      const listener = new Listening();
      const { head } = await other.subscribe(log, listener);
      await publishNumbers(broker, log, 1, 1);
      proxy.dropsReplies = true;
      const publishing = publishNumbers(broker, log, 2, 2);
      await listener.take(2);
      // Others go on meanwhile, by more than the history.
      await publishNumbers(other, log, 3, 20);
      proxy.dropsReplies = false;
      proxy.cut();
      const [position] = await publishing;
      await publishNumbers(broker, log, 21, 21);
      expect(await listener.take(21)).toEqual(range(1, 21));
      expect(listener.entries[1]!.position).toBe(position);
      if (history === 100) expect((await readAll(other, log, head.position)).data).toEqual(range(1, 21));
    }
  });

  test("a publish without an answer says that it may have been published, and one that was never sent that it was not", async () => {
    const { proxy, broker } = await createBehindProxy(kit, { publishTimeout: 400 });
    const log = createLog();
    await broker.publish(log, { event: "boat", data: "1" }, { timeoutMs: 20_000 });
    proxy.dropsReplies = true;
    expect((await rejection(publishNumbers(broker, log, 2, 2))).message).toMatch(/may have been published/);
    proxy.dropsReplies = false;
    proxy.refuses = true;
    proxy.cut();
    await waitFor(() => proxy.connections === 0, { what: "the end of the connections" });
    const error = await rejection(publishNumbers(broker, log, 3, 3));
    expect(error.message).toMatch(/did not answer within 400 ms\. Nothing was published/);
    expect(error.broker).toBe(kit.kind);
    const atOnce = broker.publish(log, { event: "boat", data: "4" }, { timeoutMs: 0 });
    expect((await rejection(atOnce)).message).toMatch(/is away\. Nothing was published/);
    const waiting = broker.publish(log, { event: "boat", data: "5" }, { timeoutMs: 20_000 });
    proxy.refuses = false;
    await waiting;
    expect((await readAll(broker, log, 0)).data.slice(-1)).toEqual([5]);
    await broker.publish(log, { event: "boat", data: "6" }, { timeoutMs: 0 });
  });

  test("the first publish of a process, with a timeout of 0, is not taken for an outage", async () => {
    const broker = kit.create({ publishTimeout: 0 });
    await publishNumbers(broker, createLog(), 1, 1);
  });

  test("many publishes under way when it is cut are there once each, in their order", async () => {
    const { proxy, broker } = await createBehindProxy(kit);
    const log = createLog({ history: 1_000 });
    await publishNumbers(broker, log, 0, 0);
    const listener = new Listening();
    await kit.create().subscribe(log, listener);
    const publishes: Promise<unknown>[] = [];
    for (let each = 1; each <= 300; each++) {
      publishes.push(broker.publish(log, { event: "boat", data: String(each) }));
      if (each % 100 === 50) {
        await waitFor(() => listener.entries.length >= each - 40, { what: "some of them" });
        proxy.cut();
      }
    }
    await Promise.all(publishes);
    const seen = (await listener.take(300)) as number[];
    expect(seen.toSorted((a, b) => a - b)).toEqual(range(1, 300));
  });

  test("close() lets go of everything while the server is away, is frozen, or was never there", async () => {
    for (const way of ["away", "frozen", "never"] as const) {
      const { proxy, broker } = await createBehindProxy(kit);
      const log = createLog();
      if (way === "never") proxy.refuses = true;
      else await broker.subscribe(log, new Listening());
      if (way === "away") proxy.refuses = true;
      if (way === "frozen") proxy.dropsReplies = true;
      else proxy.cut();
      const publishing = rejection(publishNumbers(broker, log, 1, 1));
      const reading = rejection(broker.read(log, 0, 1));
      const subscribing = rejection(broker.subscribe(createLog(), new Listening()));
      await settles(broker.close(), { boundMs: 1_000, what: "close()" });
      for (const each of [publishing, reading, subscribing]) {
        await settles(each, { boundMs: 1_000, what: "the failure of what was asked" });
      }
      await waitFor(() => proxy.connections === 0, { what: "the end of its connections" });
    }
    await waitFor(() => (activeResources()["Timeout"] ?? 0) <= 2, {
      what: () => `the end of all timers: ${JSON.stringify(activeResources())}`,
    });
  });
});

describeServers("a server that restarts", (kit) => {
  test("with its data: publishers wait, and nothing is lost or doubled", async () => {
    const status: boolean[] = [];
    const [here, there] = [
      kit.create({ onStatus: ({ isConnected }) => status.push(isConnected) }),
      kit.create(),
    ];
    const log = createLog({ history: 1_000 });
    const listener = new Listening();
    const { head } = await there.subscribe(log, listener);
    await publishNumbers(here, log, 1, 20);
    await listener.take(20);
    const restarting = (async () => {
      await kit.server.kill();
      await kit.server.start();
    })();
    await publishNumbers(here, log, 21, 60);
    await restarting;
    await waitFor(() => listener.interruptions > 0, { what: "the news of the interruption" });
    expect(await readAll(there, log, head.position)).toEqual({ data: range(1, 60), isWhole: true });
    await publishNumbers(here, log, 61, 61);
    await waitFor(() => listener.data.includes(61), { what: "what comes next" });
    expect(new Set(listener.data).size).toBe(listener.data.length);
    expect(status[0]).toBe(true);
    expect(status.slice(-1)).toEqual([true]);
  });

  test("without its data: the epoch is another, and what comes then is there for all", async () => {
    const [here, there] = [kit.create(), kit.create()];
    for (const history of [100, 0]) {
      const log = createLog({ history });
      const listener = new Listening();
      const { head } = await there.subscribe(log, listener);
      const positions = await publishNumbers(here, log, 1, 20);
      await listener.take(20);
      await kit.server.kill({ loseData: true });
      await kit.server.start();
      const { epoch } = await here.publish(log, { event: "boat", data: "21" });
      expect(epoch).not.toBe(head.epoch);
      await waitFor(() => listener.interruptions > 0, { what: "the news of the interruption" });
      const page = await there.read(log, positions.at(-1)!, 10);
      expect(page.epoch).toBe(epoch);
      if (history > 0) expect(await readAll(there, log, 0)).toEqual({ data: [21], isWhole: true });
      await publishNumbers(here, log, 22, 22);
      await waitFor(() => listener.data.includes(22), { what: "what comes next" });
    }
  });

  test("one that stands still for a while is waited for", async () => {
    const broker = kit.create();
    const log = createLog();
    await publishNumbers(broker, log, 1, 1);
    onTestFinished(() => kit.server.thaw());
    await kit.server.freeze();
    const error = await rejection(broker.publish(log, { event: "boat", data: "2" }, { timeoutMs: 300 }));
    expect(error.message).toMatch(/may have been published/);
    const waiting = broker.publish(log, { event: "boat", data: "3" }, { timeoutMs: 20_000 });
    kit.server.thaw();
    await waiting;
    const { data } = await readAll(broker, log, 0);
    expect(data.filter((each) => each !== 2)).toEqual([1, 3]);
  });
});

describeServers("data that somebody removes while all are connected", (kit) => {
  const removeAll = async (): Promise<void> => {
    if (kit.kind === "redis") {
      await (kit.server as RedisServer).ask("FLUSHALL");
      return;
    }
    const core = await connect({ servers: kit.url });
    const manager = await jetstreamManager(core);
    for await (const { config } of manager.streams.list()) await manager.streams.delete(config.name);
    await core.close();
  };

  test("is a loss like any other: another epoch, and listeners are told", async () => {
    const [here, there] = [kit.create(), kit.create()];
    const log = createLog();
    const listener = new Listening();
    const { head } = await there.subscribe(log, listener);
    await publishNumbers(here, log, 1, 5);
    await listener.take(5);
    await removeAll();
    const { epoch } = await here.publish(log, { event: "boat", data: "6" });
    expect(epoch).not.toBe(head.epoch);
    await waitFor(() => listener.interruptions > 0, { what: "the news of it" });
    const page = await there.read(log, 0, 10);
    expect(page).toMatchObject({ epoch, reachesBack: true });
    expect(page.entries.map(({ data }) => data)).toEqual(["6"]);
    await publishNumbers(here, log, 7, 7);
    await waitFor(() => listener.data.includes(7), { what: "what comes next" });
  });
});

describe("a mistake in the options is told when the broker is made", () => {
  test.each([
    ["redis", "localhost:1", {}, /url is "localhost:1"/],
    ["redis", "redis://127.0.0.1:1", { prefix: "a b" }, /prefix is "a b"/],
    ["redis", "redis://127.0.0.1:1", { publishTimeout: -1 }, /publishTimeout is -1/],
    ["nats", "", {}, /servers is ""/],
    ["nats", "127.0.0.1:1", { replicas: 9 }, /replicas is 9/],
    ["nats", "127.0.0.1:1", { storage: "disk" as "file" }, /storage is "disk"/],
  ] as const)("%s %j %j", (kind, url, options, message) => {
    expect(() => createBroker(kind, url, options)).toThrow(message);
  });
});
