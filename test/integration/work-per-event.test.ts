// What an event costs, counted where it can be counted exactly: writes, encodings, timers and promises.

import { createHook } from "node:async_hooks";
import crypto from "node:crypto";
import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { BaseModel, stream, topic, z, type Context, type SSEConnection } from "pinestream";
import { beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { events, head } from "../helpers/stream-client.ts";
import { http1, type Served } from "../helpers/transports.ts";
import { turns, waitFor } from "../helpers/wait-for.ts";

let parses = 0;
const signals = z.object({
  flag: z.object({
    n: z.number().refine(() => ++parses > 0),
    // Given on as it is, so that it sees how often it is encoded.
    message: z.any(),
  }),
});
const mast = topic("mast", signals);
let open: SSEConnection<typeof signals>[] = [];

class MastModel extends BaseModel {
  @stream({ type: "sse", events: signals, params: z.object({}) })
  async *piped(ctx: Context) {
    const sse = ctx.createSSE(signals);
    await sse.pipe(mast);
  }

  @stream({ type: "sse", events: signals, params: z.object({}) })
  async *published(ctx: Context) {
    open.push(ctx.createSSE(signals));
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  }

  @stream({ type: "sse", events: signals, params: z.object({ count: z.number() }) })
  async *pulled(count: number, ctx: Context) {
    const sse = ctx.createSSE(signals);
    for (let n = 1; n <= count; n++) yield sse.event("flag", { n, message: "" });
  }
}

beforeEach(() => {
  parses = 0;
  open = [];
});

/** Counts what each socket of a server hands to the kernel; a gathered write counts once, as it is one call. */
function countWrites({ app }: Served): { ofEach(): number[]; forget(): void } {
  const counts = new Map<Socket, number>();
  app.server.on("connection", (socket: Socket) => {
    counts.set(socket, 0);
    for (const name of ["_write", "_writev"] as const) {
      const write = socket[name]?.bind(socket) as ((...args: unknown[]) => void) | undefined;
      socket[name] = (...args: unknown[]) => {
        counts.set(socket, (counts.get(socket) ?? 0) + 1);
        write?.(...args);
      };
    }
  });
  return {
    ofEach: () => [...counts.values()],
    forget: () => {
      for (const socket of counts.keys()) counts.set(socket, 0);
    },
  };
}

/** Opens streams, and waits until nothing more is on its way. */
async function openStreams(served: Served, count: number, path = "/api/mast/piped") {
  const clients = await Promise.all(Array.from({ length: count }, () => head(served.open(path))));
  // The position in the topic comes first, or the greeting of a stream without one.
  const opening = path.endsWith("piped") ? "id: " : ": keep-alive";
  await waitFor(() => clients.every(({ stream }) => stream.text.includes(opening)), { what: "the streams" });
  await turns();
  return clients;
}

/** Counts the live resources of a kind; those that were there before are not counted. */
function countAlive(type: string): { readonly alive: number; readonly made: number } {
  const ids = new Set<number>();
  let made = 0;
  const hook = createHook({
    init(id, of) {
      if (of !== type) return;
      ids.add(id);
      made++;
    },
    destroy: (id) => void ids.delete(id),
  }).enable();
  onTestFinished(() => void hook.disable());
  return {
    get alive() {
      return ids.size;
    },
    get made() {
      return made;
    },
  };
}

test.each(["/api/mast/piped", "/api/mast/published"])("a stream of %s opens with one write", async (path) => {
  const served = await http1.serve({ models: MastModel });
  const writes = countWrites(served);
  // The first one of a topic waits for its log.
  await openStreams(served, 1, path);
  writes.forget();
  await openStreams(served, 3, path);
  expect(writes.ofEach()).toEqual([0, 1, 1, 1]);
});

test.each(["/api/mast/piped", "/api/mast/published"])(
  "a stream of %s keeps no text of its head",
  async (path) => {
    const responses: ServerResponse[] = [];
    const served = await http1.serve({ models: MastModel }, ({ server }) =>
      server.on("request", (_request, response) => responses.push(response)),
    );
    const [client] = await openStreams(served, 1, path);
    expect(client?.headers["content-type"]).toBe("text/event-stream");
    expect(responses.map((response) => Reflect.get(response, "_header") as unknown)).toEqual([
      "HTTP/1.1 200 OK\r\n\r\n",
    ]);
    expect(responses[0]?.headersSent).toBe(true);
  },
);

test("ten publishes of one turn in a topic are one write to each client", async () => {
  const served = await http1.serve({ models: MastModel });
  const writes = countWrites(served);
  const clients = await openStreams(served, 8);
  writes.forget();
  for (let n = 1; n <= 10; n++) void mast.publish("flag", { n, message: "" });
  for (const client of clients) await events(client, 10, "flag");
  expect(writes.ofEach()).toEqual(Array.from({ length: 8 }, () => 1));
});

test("ten publishes of one turn on each connection are one write to each client", async () => {
  const served = await http1.serve({ models: MastModel });
  const writes = countWrites(served);
  const clients = await openStreams(served, 8, "/api/mast/published");
  writes.forget();
  for (let n = 1; n <= 10; n++) for (const sse of open) sse.publish("flag", { n, message: "" });
  for (const client of clients) await events(client, 10, "flag");
  expect(writes.ofEach()).toEqual(Array.from({ length: 8 }, () => 1));
});

test("an event that is published in a turn of its own is one write to each client", async () => {
  const served = await http1.serve({ models: MastModel });
  const writes = countWrites(served);
  const clients = await openStreams(served, 3);
  writes.forget();
  for (let n = 1; n <= 4; n++) {
    await mast.publish("flag", { n, message: "" });
    for (const client of clients) await events(client, n, "flag");
  }
  expect(writes.ofEach()).toEqual([4, 4, 4]);
});

test("a generator that doesn't wait fills its writes", async () => {
  const served = await http1.serve({ models: MastModel });
  const writes = countWrites(served);
  const client = served.open("/api/mast/pulled?count=2000");
  await events(client, 2_000, "flag");
  const [count = 0] = writes.ofEach();
  // About 50 bytes an event: a few batches of 64 KiB, or a few turns, whichever ends first.
  expect(count).toBeLessThanOrEqual(8);
});

test("an event of a topic is validated once and encoded once, however many streams are piped from it", async () => {
  const served = await http1.serve({ models: MastModel });
  const clients = await openStreams(served, 12);
  let encodings = 0;
  await mast.publish("flag", { n: 1, message: { toJSON: () => `encoding ${++encodings}` } });
  for (const client of clients) {
    expect(await events(client, 1, "flag")).toEqual([{ n: 1, message: "encoding 1" }]);
  }
  expect({ parses, encodings }).toEqual({ parses: 1, encodings: 1 });
});

test("an event of a topic is signed once, for its publisher and all streams", async () => {
  const served = await http1.serve({ models: MastModel });
  const clients = await openStreams(served, 3);
  const hash = vi.spyOn(crypto, "hash");
  onTestFinished(() => hash.mockRestore());
  await mast.publish("flag", { n: 1, message: "" });
  for (const client of clients) await events(client, 1, "flag");
  expect(hash).toHaveBeenCalledTimes(1);
});

test("an event of a connection is validated once and encoded once", async () => {
  const served = await http1.serve({ models: MastModel });
  const [client] = await openStreams(served, 1, "/api/mast/published");
  let encodings = 0;
  open[0]?.publish("flag", { n: 1, message: { toJSON: () => `encoding ${++encodings}` } });
  expect(await events(client as NonNullable<typeof client>, 1, "flag")).toEqual([
    { n: 1, message: "encoding 1" },
  ]);
  expect({ parses, encodings }).toEqual({ parses: 1, encodings: 1 });
});

test.each(["/api/mast/piped", "/api/mast/published"])(
  "no stream of %s has a timer of its own",
  async (path) => {
    const served = await http1.serve({ models: MastModel });
    await openStreams(served, 3, path);
    const timers = countAlive("Timeout");
    await openStreams(served, 40, path);
    await waitFor(() => timers.made > 0, { what: "the hook sees timers" });
    // What all streams share, and the test itself, may have some at the moment.
    expect(timers.alive).toBeLessThan(40);
  },
);

test("a publish in a topic makes as many promises for 3 streams as for 40", async () => {
  const served = await http1.serve({ models: MastModel });
  const promises = countAlive("PROMISE");
  const clients: Awaited<ReturnType<typeof openStreams>> = [];
  let published = 0;
  const madeBy = async (streams: number): Promise<number> => {
    clients.push(...(await openStreams(served, streams - clients.length)));
    const made: number[] = [];
    // The first one finds everything cold, and another may have something else beside it.
    for (let round = 0; round < 5; round++) {
      const message = `message ${++published}`;
      const before = promises.made;
      void mast.publish("flag", { n: published, message });
      await turns(3);
      made.push(promises.made - before);
      await waitFor(() => clients.every(({ stream }) => stream.text.includes(message)), {
        what: "the event",
      });
    }
    return Math.min(...made);
  };
  const few = await madeBy(3);
  expect(await madeBy(40)).toBe(few);
});
