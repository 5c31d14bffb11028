// Topics, pipes and HTTP on every broker: two servers, as two processes would be, on one of each kind.
import {
  BaseModel,
  createServer,
  stream,
  topic,
  z,
  type Context,
  type PipeOptions,
  type Topic,
} from "pinestream";
import type { AddressInfo } from "node:net";
import { setTimeout } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";

import { BrokerError } from "../../src/errors/topic-errors.ts";
import type { Broker } from "../../src/topic/broker.ts";
import {
  createBroker,
  describeBrokers,
  describeServers,
  range,
  uniqueName,
  type BrokerKit,
} from "../helpers/brokers.ts";
import { openRaw, type RawResponse } from "../helpers/raw-client.ts";
import { events } from "../helpers/stream-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

const schema = z.object({ boat: z.number(), buoy: z.number() });
type Harbour = Topic<typeof schema>;

interface Setup {
  harbour: Harbour;
  /** Opens a stream of the topic, or of one of its keys, at one of the two servers. */
  open(
    server: 0 | 1,
    from?: { lastEventId?: string | undefined; keys?: string; apart?: boolean; until?: "head" },
  ): Promise<RawResponse>;
  /** Publishes numbers as boats, and gives their ids. */
  publish(from: number, to: number, key?: string): Promise<string[]>;
}

const setUp = async (
  kit: BrokerKit,
  { history = 100, pipe = {}, lag = 0 }: { history?: number; pipe?: PipeOptions<any>; lag?: number } = {},
): Promise<Setup> => {
  const harbour = topic(uniqueName("harbour"), schema, { history });
  class QuayModel extends BaseModel {
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *all(ctx: Context) {
      await ctx.createSSE(schema).pipe(harbour, pipe);
    }

    @stream({ type: "sse", events: schema, params: z.object({ keys: z.string() }) })
    async *some(keys: string, ctx: Context) {
      await ctx.createSSE(schema).pipe(...keys.split(",").map((key) => harbour.key(key)));
    }

    @stream({ type: "sse", events: schema, params: z.object({ keys: z.string() }) })
    async *apart(keys: string, ctx: Context) {
      const sse = ctx.createSSE(schema);
      await Promise.all(keys.split(",").map((key) => sse.pipe(harbour.key(key))));
    }
  }
  const apps: Awaited<ReturnType<typeof createServer>>[] = [];
  for (let each = 0; each < 2; each++) {
    const app = await createServer({
      models: [QuayModel],
      broker: behind(lag, kit.create()),
      shutdownTimeout: 2_000,
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    apps.push(app);
  }
  const clients: RawResponse[] = [];
  onTestFinished(async () => {
    for (const client of clients) client.leave();
    for (const app of apps) await app.close();
  });
  return {
    harbour,
    async open(server, { lastEventId, keys, apart, until } = {}) {
      const { port } = apps[server]!.server.address() as AddressInfo;
      const some = apart ? "apart" : "some";
      const path =
        keys === undefined ? "/api/quay/all" : `/api/quay/${some}?keys=${encodeURIComponent(keys)}`;
      const headers: Record<string, string> =
        lastEventId === undefined ? {} : { "last-event-id": lastEventId };
      const client = openRaw({ port }, { path, headers });
      clients.push(client);
      if (until === "head") {
        await waitFor(() => client.status === 200, { what: "its head" });
        return client;
      }
      // Either it is told its position, or what it has missed.
      await waitFor(() => client.stream.lastEventId !== "" || lastEventId !== undefined, {
        what: "its position",
      });
      return client;
    },
    async publish(from, to, key) {
      const ids: string[] = [];
      const target = key === undefined ? harbour : harbour.key(key);
      for (const each of range(from, to)) ids.push(await target.publish("boat", each));
      return ids;
    },
  };
};

/** Puts a broker so many milliseconds away from whoever subscribes. */
const behind = (lag: number, broker: Broker): Broker => {
  if (lag === 0) return broker;
  const subscribe = broker.subscribe.bind(broker);
  broker.subscribe = async (...args) => {
    await setTimeout(lag);
    return await subscribe(...args);
  };
  return broker;
};

const idOf = (client: RawResponse, event: number): string => client.stream.events[event]!.lastEventId;

describeBrokers("streams", (kit) => {
  test("F16: nothing falls between history and what comes, at whichever server the client goes on", async () => {
    const { open, publish } = await setUp(kit);
    const first = await open(0);
    await publish(1, 10);
    expect(await events(first, 10)).toEqual(range(1, 10));
    first.leave();
    const publishing = publish(11, 60);
    const second = await open(1, { lastEventId: idOf(first, 4) });
    await publishing;
    expect(await events(second, 55)).toEqual(range(6, 60));
    second.leave();
    const third = await open(0, { lastEventId: second.stream.lastEventId });
    await publish(61, 62);
    expect(await events(third, 2)).toEqual([61, 62]);
  });

  test("F17: a client is told of a gap exactly when history no longer reaches back, then gets what is left", async () => {
    const { open, publish, harbour } = await setUp(kit, { history: 5 });
    const watching = await open(0);
    await publish(1, 20);
    await events(watching, 20);
    const whole = await open(1, { lastEventId: idOf(watching, 14) });
    expect(await events(whole, 5)).toEqual(range(16, 20));
    const after = idOf(watching, 13);
    const holed = await open(1, { lastEventId: after });
    expect(await events(holed, 6)).toEqual([{ topic: harbour.name, after }, ...range(16, 20)]);
    expect(holed.stream.names[0]).toBe("gap");
    // The gap has an id of its own: who comes back with it is not told again.
    const again = await open(0, { lastEventId: idOf(holed, 0) });
    expect(await events(again, 5)).toEqual(range(16, 20));
    await publish(21, 21);
    for (const client of [whole, holed, again]) {
      await waitFor(() => client.stream.dataOf("boat").includes(21), { what: "what comes next" });
      expect(client.stream.dataOf("boat")).toEqual(range(16, 21));
    }
    expect(again.stream.names).not.toContain("gap");
    expect(whole.stream.names).not.toContain("gap");
  });

  test("F19: the id that publish gives is the one that the event comes with, and one of either to go on from", async () => {
    const { open, publish, harbour } = await setUp(kit);
    const client = await open(1);
    const ids = await publish(1, 3);
    await events(client, 3);
    expect(client.stream.events.map(({ lastEventId }) => lastEventId)).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[\w.~-]{1,30}$/);
    expect(await events(await open(0, { lastEventId: ids[1]! }), 1)).toEqual([3]);
    const items: unknown[] = [];
    const ending = new AbortController();
    for await (const item of harbour.subscribe({ after: ids[0]!, signal: ending.signal })) {
      items.push(item.gap ? "gap" : item.data);
      if (items.length === 2) ending.abort();
    }
    expect(items).toEqual([2, 3]);
  });

  test("F20: an id that is forged, or from another topic or key, reveals nothing: a gap, and then what comes", async () => {
    const { open, publish } = await setUp(kit);
    const other = await setUp(kit);
    const [secret = ""] = await publish(1, 3, "secret");
    const [foreign = ""] = await other.publish(1, 1);
    const [id = ""] = await publish(1, 3, "open");
    const forged = [
      id.replace(/[^.]*\./, "0000000."),
      `${id}x`,
      "7",
      "~~~",
      `${"~".repeat(500)}`,
      secret,
      foreign,
    ];
    for (const lastEventId of forged) {
      const client = await open(1, { lastEventId, keys: "open" });
      await events(client, 1, "gap");
      await publish(4, 4, "open");
      expect((await events(client, 2)).slice(1), lastEventId).toEqual([4]);
      expect(client.stream.dataOf("gap")[0].after).toBe(lastEventId);
      client.leave();
    }
  });

  test("F21: what is published under one key reaches nobody else, and a filter that fails holds back", async () => {
    const { open, publish, harbour } = await setUp(kit, {
      pipe: {
        async filter({ data }: { data: number }) {
          if (data === 2) throw new Error("no idea");
          return data === 3 ? ("yes" as unknown as boolean) : data !== 4;
        },
      },
    });
    const [whole, red, both] = [
      await open(0),
      await open(0, { keys: "red" }),
      await open(1, { keys: "red,blue" }),
    ];
    await publish(1, 5);
    await publish(10, 12, "red");
    await publish(20, 22, "blue");
    await harbour.publish("buoy", 6);
    expect(await events(whole, 3)).toEqual([1, 5, 6]);
    expect(await events(red, 3)).toEqual([10, 11, 12]);
    const seen = await events(both, 6);
    expect(seen.filter((each) => each < 20)).toEqual([10, 11, 12]);
    expect(seen.filter((each) => each >= 20)).toEqual([20, 21, 22]);
    // Replayed ones are judged again, and one id stands for both keys.
    expect(await events(await open(1, { lastEventId: idOf(whole, 0) }), 2)).toEqual([5, 6]);
    both.leave();
    await publish(13, 13, "red");
    await publish(23, 23, "blue");
    const back = await open(0, { keys: "red,blue", lastEventId: both.stream.lastEventId });
    expect((await events(back, 2)).toSorted()).toEqual([13, 23]);
    expect(back.stream.names).not.toContain("gap");
  });

  test("a snapshot is sent at first and in place of a gap, and nothing that was published meanwhile is missing", async () => {
    const calls: unknown[] = [];
    let setup: Setup | undefined;
    setup = await setUp(kit, {
      history: 2,
      pipe: {
        async snapshot(gap) {
          calls.push(gap);
          await setup!.publish(100 * calls.length, 100 * calls.length);
        },
      },
    });
    const first = await setup.open(0);
    expect(await events(first, 1)).toEqual([100]);
    first.leave();
    await setup.publish(1, 5);
    const second = await setup.open(1, { lastEventId: idOf(first, 0) });
    await events(second, 1);
    await waitFor(() => second.stream.dataOf("boat").includes(200), { what: "what was published meanwhile" });
    expect(calls).toEqual([undefined, { topic: setup.harbour.name, after: idOf(first, 0) }]);
    expect(second.stream.names).not.toContain("gap");
  });

  test("a client that has its head gets what is published then, however far away the broker is", async () => {
    const { open, publish } = await setUp(kit, { lag: 200 });
    const client = await open(0, { until: "head" });
    await publish(1, 1);
    expect(await events(client, 1)).toEqual([1]);
  });

  test("a client gets its head though the broker takes too long, and then its position", async () => {
    const { open, publish } = await setUp(kit, { lag: 1_500 });
    const client = await open(0, { until: "head" });
    expect(client.stream.lastEventId).toBe("");
    await waitFor(() => client.stream.lastEventId !== "", { what: "its position" });
    await publish(1, 1);
    expect(await events(client, 1)).toEqual([1]);
  });

  test("pipes that begin in one turn have one id from the first event on, though one log is followed already", async () => {
    const { open, publish } = await setUp(kit, { lag: 300 });
    await open(1, { keys: "a" });
    const first = await open(0, { keys: "a,b", apart: true });
    const { lastEventId } = first.stream;
    expect(lastEventId).toContain("~");
    first.leave();
    await publish(1, 1, "b");
    const second = await open(1, { keys: "a,b", apart: true, lastEventId });
    await publish(2, 2, "a");
    expect(new Set(await events(second, 2))).toEqual(new Set([1, 2]));
    for (const event of second.stream.events) expect(event.lastEventId).toContain("~");
  });

  test("pipes that begin in one turn tell of no gap to a client whose id only one of them knows", async () => {
    const { open, publish } = await setUp(kit);
    await open(0, { keys: "a" });
    const { lastEventId } = (await open(0, { keys: "b" })).stream;
    const client = await open(0, { keys: "a,b", apart: true, lastEventId });
    await waitFor(() => client.stream.lastEventId.includes("~"), { what: "its position" });
    await publish(1, 1, "a");
    expect(await events(client, 1)).toEqual([1]);
    expect(client.stream.names).toEqual(["boat"]);
  });

  test("a client with an id that it was given before any event misses none", async () => {
    const { open, publish } = await setUp(kit, { history: 5 });
    const early = await open(0, { keys: "a,b" });
    const { lastEventId } = early.stream;
    early.leave();
    await publish(1, 5, "a");
    const back = await open(1, { keys: "a,b", lastEventId });
    expect(await events(back, 5)).toEqual(range(1, 5));
    expect(back.stream.names).not.toContain("gap");
  });
});

describeServers("streams whose broker is restarted", (kit) => {
  test("with its data stay open and miss nothing; without it are told of a gap and go on", async () => {
    const { open, publish } = await setUp(kit, { history: 1_000 });
    const clients = [await open(0), await open(1)];
    await publish(1, 10);
    await kit.server.kill();
    const publishing = publish(11, 20);
    await kit.server.start();
    await publishing;
    for (const client of clients) expect(await events(client, 20)).toEqual(range(1, 20));
    await kit.server.kill({ loseData: true });
    await kit.server.start();
    await publish(21, 25);
    for (const client of clients) {
      await waitFor(() => client.stream.dataOf("boat").includes(25), {
        what: () => client.stream.text.slice(-500),
      });
      expect(client.stream.names.filter((name) => name === "gap")).toHaveLength(1);
      expect(client.stream.dataOf("boat")).toEqual(range(1, 25));
      expect(client.over).toBe(false);
    }
    const late = await open(1, { lastEventId: idOf(clients[0]!, 5) });
    await events(late, 1, "gap");
  });

  test("an event that the broker refuses throws, and one too large for NATS says what to do", async () => {
    if (kit.kind !== "nats") return;
    const broker = createBroker(kit.kind, kit.url);
    onTestFinished(() => broker.close());
    const log = { topic: uniqueName("large"), key: undefined, history: 1, ttlMs: 60_000 };
    const data = JSON.stringify("x".repeat(9_000_000));
    await expect(broker.publish(log, { event: "boat", data })).rejects.toThrow(/max_payload/);
    await expect(broker.publish(log, { event: "boat", data })).rejects.toThrow(BrokerError);
  });
});
