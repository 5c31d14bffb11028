// What an id stands for in a stream of several topics and keys, also before all of it has been told.
import { BaseModel, memoryBroker, stream, topic, z, type Context } from "pinestream";
import { redisBroker } from "pinestream/redis";
import { expect, onTestFinished, test, describe } from "vitest";
import { RedisServer } from "../helpers/redis.ts";
import { events, head, over } from "../helpers/stream-client.ts";
import { http1 } from "../helpers/transports.ts";
import { uniqueName, range } from "../helpers/brokers.ts";
import { CapturedLog } from "../helpers/log.ts";
import { freePort } from "../helpers/program.ts";
import { waitFor } from "../helpers/wait-for.ts";

const schema = z.object({ said: z.object({ room: z.number(), n: z.number() }) });

describe("a stream of many keys", () => {
  for (const [kind, keys] of [
    ["redis", 50],
    ["redis", 128],
    ["memory", 128],
  ] as const) {
    test(`${kind} ${keys}: goes on where it was`, async () => {
      const rooms = topic(uniqueName("rooms"), schema);
      class RoomModel extends BaseModel {
        @stream({ type: "sse", events: schema, params: z.object({}) })
        async *all(ctx: Context) {
          await ctx.createSSE(schema).pipe(...range(1, keys).map((key) => rooms.key(key)));
        }
      }
      let broker;
      if (kind === "redis") {
        const redis = await RedisServer.launch();
        onTestFinished(() => redis[Symbol.asyncDispose]());
        broker = redisBroker({ url: redis.url });
      } else broker = memoryBroker();
      const served = await http1.serve({ models: RoomModel, broker });
      const first = await head(served.open("/api/room/all"));
      await waitFor(() => first.stream.lastEventId !== "", { what: "an id" });
      for (const key of range(1, keys)) await rooms.key(key).publish("said", { room: key, n: 1 });
      await events(first, keys);
      const id = first.stream.lastEventId;
      first.leave();
      for (const key of range(1, keys)) await rooms.key(key).publish("said", { room: key, n: 2 });
      const second = await head(served.open({ path: "/api/room/all", headers: { "last-event-id": id } }));
      // So that something comes in any case.
      for (const key of range(1, keys)) await rooms.key(key).publish("said", { room: key, n: 3 });
      await waitFor(
        () =>
          second.stream.events.filter((e) => e.event === "said" && JSON.parse(e.data).n === 3).length ===
          keys,
        { what: "all thirds" },
      );
      const gaps = second.stream.events.filter((e) => e.event === "gap").length;
      const seconds = second.stream.events.filter(
        (e) => e.event === "said" && JSON.parse(e.data).n === 2,
      ).length;
      expect({ seconds, gaps }).toEqual({ seconds: keys, gaps: 0 });
    });
  }
});

test("one of two topics lost its log while the client was away: a gap is told for it (redis)", async () => {
  const redis = await RedisServer.launch();
  onTestFinished(() => redis[Symbol.asyncDispose]());
  const a = topic(uniqueName("a").replaceAll(" ", "-"), schema);
  const b = topic(uniqueName("b").replaceAll(" ", "-"), schema, { ttl: 500 });
  class RoomModel extends BaseModel {
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *both(ctx: Context) {
      await ctx.createSSE(schema).pipe(a, b);
    }
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *one(ctx: Context) {
      await ctx.createSSE(schema).pipe(b);
    }
  }
  const served = await http1.serve({ models: RoomModel, broker: redisBroker({ url: redis.url }) });
  const results: Record<string, string[]> = {};
  for (const path of ["one", "both"]) {
    const first = await head(served.open(`/api/room/${path}`));
    await waitFor(() => first.stream.lastEventId !== "", { what: "an id" });
    await b.publish("said", { room: 2, n: 1 });
    await events(first, 1);
    const id = first.stream.lastEventId;
    first.leave();
    await waitFor(async () => (await redis.ask(`EXISTS pinestream:{${b.name}}`)).startsWith(":0"), {
      what: "expiry",
    });
    await b.publish("said", { room: 2, n: 2 });
    const second = await head(served.open({ path: `/api/room/${path}`, headers: { "last-event-id": id } }));
    await waitFor(() => second.stream.lastEventId !== "", { what: "an id" });
    await b.publish("said", { room: 2, n: 3 });
    await waitFor(() => second.stream.events.some((e) => e.event === "said" && JSON.parse(e.data).n === 3), {
      what: "third",
    });
    results[path] = second.stream.events.map(
      (e) => e.event + (e.event === "said" ? JSON.parse(e.data).n : ""),
    );
    second.leave();
    await waitFor(async () => (await redis.ask(`EXISTS pinestream:{${b.name}}`)).startsWith(":0"), {
      what: "expiry",
    });
  }
  expect(results.one?.[0]).toBe("gap");
  expect(results.both?.[0]).toBe("gap");
});

test("a client that leaves before the snapshot is complete gets it again, beside another pipe", async () => {
  const a = topic(uniqueName("a"), schema);
  const b = topic(uniqueName("b"), schema);
  let asked = 0;
  let letGo: () => void = () => {};
  class RoomModel extends BaseModel {
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *both(ctx: Context) {
      const sse = ctx.createSSE(schema);
      await Promise.all([
        sse.pipe(a, {
          snapshot: async () => {
            asked++;
            await new Promise<void>((resolve) => (letGo = resolve));
            sse.publish("said", { room: 1, n: 0 });
          },
        }),
        sse.pipe(b),
      ]);
    }
  }
  const served = await http1.serve({ models: RoomModel, broker: memoryBroker() });
  const first = await head(served.open(`/api/room/both`));
  await waitFor(() => asked === 1, { what: "snapshot" });
  await b.publish("said", { room: 2, n: 1 });
  await events(first, 1);
  const id = first.stream.lastEventId;
  expect(first.stream.events.length).toBe(1);
  first.leave();
  letGo();
  const second = await head(
    served.open({ path: `/api/room/both`, headers: id ? { "last-event-id": id } : {} }),
  );
  await b.publish("said", { room: 2, n: 2 });
  await events(second, 1);
  expect(asked).toBe(2);
});

test("nor does it lose the snapshot when it came with an id of none of the topics", async () => {
  const a = topic(uniqueName("a"), schema);
  const b = topic(uniqueName("b"), schema);
  let asked = 0;
  let letGo: () => void = () => {};
  class RoomModel extends BaseModel {
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *both(ctx: Context) {
      const sse = ctx.createSSE(schema);
      await Promise.all([
        sse.pipe(a),
        sse.pipe(b, {
          snapshot: async () => {
            asked++;
            await new Promise<void>((resolve) => (letGo = resolve));
          },
        }),
      ]);
    }
  }
  const served = await http1.serve({ models: RoomModel, broker: memoryBroker() });
  const open = (id: string) =>
    head(served.open({ path: "/api/room/both", headers: { "last-event-id": id } }));
  // So that the topics are followed already, and nothing has to be waited for.
  await open("of-another-stream");
  await waitFor(() => asked === 1, { what: "a snapshot" });
  letGo();
  const first = await open("of-another-stream");
  await events(first, 1);
  await waitFor(() => asked === 2, { what: "the snapshot" });
  expect(first.stream.events.map(({ event }) => event)).toEqual(["gap"]);
  first.leave();
  letGo();
  await open(first.stream.lastEventId);
  await waitFor(() => asked === 3, { what: "the snapshot again" });
  letGo();
});

test("a client that leaves while the broker is away is no failure of its handler", async () => {
  const t = topic(uniqueName("t"), schema);
  const thrown: unknown[] = [];
  let ended = 0;
  class QuayModel extends BaseModel {
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *state(ctx: Context) {
      const sse = ctx.createSSE(schema);
      try {
        await sse.pipe(t, { snapshot: () => {} });
      } catch (error) {
        thrown.push(error);
        throw error;
      } finally {
        ended++;
      }
    }
  }
  const log = new CapturedLog();
  const url = `redis://127.0.0.1:${await freePort()}`;
  const served = await http1.serve({
    models: QuayModel,
    broker: redisBroker({ url, onStatus() {} }),
    fastify: { logger: log.logger } as any,
  });
  const client = await head(served.open("/api/quay/state"));
  client.leave();
  await waitFor(() => ended === 1, { what: "the end of the handler" });
  expect(thrown).toEqual([]);
  expect(log.lines.filter((l) => l.level >= 50)).toEqual([]);
});

test("more topics than an id can stand for are refused", async () => {
  const rooms = topic(uniqueName("rooms"), schema);
  class RoomModel extends BaseModel {
    @stream({ type: "sse", events: schema, params: z.object({}) })
    async *all(ctx: Context) {
      await ctx.createSSE(schema).pipe(...range(1, 129).map((key) => rooms.key(key)));
    }
  }
  const log = new CapturedLog();
  const served = await http1.serve({ models: RoomModel, fastify: { logger: log.logger } as any });
  await over(served.open("/api/room/all"));
  expect(log.about("129 topics and keys").length).toBeGreaterThan(0);
});
