import { fileURLToPath } from "node:url";
import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, describe, expect, test } from "vitest";
import { Child } from "../helpers/child.ts";
import { gate } from "../helpers/gate.ts";
import { openRaw, RawConnection } from "../helpers/raw-client.ts";
import type { StreamClient } from "../helpers/stream-client.ts";
import { events, head, over } from "../helpers/stream-client.ts";
import { describeTransports, http1 } from "../helpers/transports.ts";
import { settles, waitFor } from "../helpers/wait-for.ts";

let log: string[] = [];
let held = gate();
beforeEach(() => {
  log = [];
  held = gate();
});

class LongModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *loop(ctx: Context) {
    const sse = ctx.createSSE();
    try {
      for (;;) {
        sse.publish("tick", 1);
        await sse.sleep(300);
      }
    } finally {
      log.push(`finally: ${ctx.signal.reason}`);
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *parked(ctx: Context) {
    try {
      yield ["tick", 1];
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    } finally {
      log.push(`finally: ${ctx.signal.reason}`);
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *careful(ctx: Context) {
    ctx.createSSE().publish("tick", 1);
    try {
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    } finally {
      log.push("cleaning up");
      await held.promise;
      log.push("cleaned up");
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *stubborn(ctx: Context) {
    ctx.createSSE().publish("tick", 1);
    await new Promise(() => {});
  }
}

describeTransports("shutdown", ({ serve }) => {
  test("F10: close resolves with a thousand streams open, every finally run, each told when to come back", async () => {
    const { app, open } = await serve({ models: [LongModel], shutdownTimeout: 10_000 });
    const clients: StreamClient[] = [];
    for (let batch = 0; batch < 10; batch++) {
      const more = Array.from({ length: 100 }, (_, index) =>
        open(index % 2 ? "/api/long/loop" : "/api/long/parked"),
      );
      clients.push(...more);
      await waitFor(() => more.every((client) => client.stream.events.length > 0), {
        what: "a hundred streams",
      });
    }
    expect(app.streams.list()).toHaveLength(1_000);
    await settles(app.close(), { boundMs: 10_000, what: "close, within shutdownTimeout" });
    expect(log).toHaveLength(1_000);
    expect(new Set(log)).toEqual(new Set(["finally: shutdown"]));
    await waitFor(() => clients.every((client) => client.over), { what: "the end of all streams" });
    for (const client of clients) {
      expect(client.stream.names).not.toContain("end");
      expect(client.stream.retry).toBeGreaterThan(0);
    }
    // F15: told different times, so that they do not all come back in one moment.
    expect(new Set(clients.map((client) => client.stream.retry)).size).toBeGreaterThan(100);
  }, 60_000);

  test("F11: handlers get to clean up before close resolves, and learn the reason", async () => {
    const { app, open } = await serve({ models: [LongModel], shutdownTimeout: 10_000 });
    const client = open("/api/long/careful");
    await events(client, 1);
    let closed = false;
    const closing = app.close().then(() => (closed = true));
    await waitFor(() => log.includes("cleaning up"), { what: "the clean-up" });
    await over(client);
    expect(closed).toBe(false);
    held.open();
    await settles(closing, { what: "close" });
    expect(log).toEqual(["cleaning up", "cleaned up"]);
  });

  test("F10: a handler that never ends holds close up no longer than shutdownTimeout", async () => {
    const { app, open } = await serve({ models: [LongModel], shutdownTimeout: 200 });
    const client = open("/api/long/stubborn");
    await events(client, 1);
    await settles(app.close(), { boundMs: 5_000, what: "close" });
    await over(client);
    expect(client.stream.names).toEqual(["tick"]);
  });

  test("a client that reads nothing holds close up no longer than shutdownTimeout", async () => {
    const { app, open } = await serve({ models: [LongModel], shutdownTimeout: 500 });
    open({ path: "/api/long/loop", stalled: true });
    await waitFor(() => app.streams.list().length === 1, { what: "the stream" });
    await settles(app.close(), { boundMs: 5_000, what: "close" });
    expect(log).toEqual(["finally: shutdown"]);
  });

  test("close resolves at once where no stream is open, and twice does no harm", async () => {
    const { app } = await serve({ models: [LongModel] });
    await settles(Promise.all([app.close(), app.close()]), { what: "both closes" });
  });
});

for (const [what, bytes] of [
  ["has never sent a byte", ""],
  ["has sent half a head", "GET /api/long/loop HTTP/1.1\r\nhost: x\r\n"],
  ["has sent half a body", "POST /nowhere HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\n12345"],
] as const) {
  test(`F10: a connection that ${what} holds close up no longer than shutdownTimeout`, async () => {
    const { app, port } = await http1.serve({ models: [LongModel], shutdownTimeout: 500 });
    const connection = new RawConnection({ port });
    connection.socket.write(bytes);
    await waitFor(
      () =>
        new Promise<boolean>((resolve) => app.server.getConnections((_error, count) => resolve(count === 1))),
      { what: "the connection" },
    );
    const closing = app.close();
    try {
      await settles(closing, { boundMs: 5_000, what: "close" });
    } finally {
      connection.socket.destroy();
    }
  });
}

test("new streams get 503 with retry-after while open ones are cleaning up", async () => {
  const { app, open, port } = await http1.serve({ models: [LongModel], shutdownTimeout: 10_000 });
  const client = open("/api/long/careful");
  await events(client, 1);
  // A connection made before the shutdown; afterwards nobody listens any more.
  const waiting = await head(openRaw({ port }, { path: "/nowhere" }));
  const closing = app.close();
  await waitFor(() => log.includes("cleaning up"), { what: "the clean-up" });
  const late = waiting.connection.send({ path: "/api/long/loop" });
  await waitFor(() => late.status > 0 || late.connection.over, {
    what: "an answer or the end of the connection",
  });
  if (late.status > 0) {
    expect(late.status).toBe(503);
    expect(late.headers["retry-after"]).toMatch(/^\d+$/);
  }
  held.open();
  await settles(closing, { what: "close" });
});

describe("signals", () => {
  const script = fileURLToPath(new URL("fixtures/signalled.ts", import.meta.url));

  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    test(`F10: with handleSignals ${signal} drains the streams and ends the process`, async () => {
      const child = new Child(script);
      const { port } = await child.message((message) => message.port);
      const client = openRaw({ port }, { path: "/api/signalled/loop" });
      await events(client, 2);
      child.process.kill(signal);
      await over(client);
      expect(client.stream.retry).toBeGreaterThan(0);
      expect(client.stream.names).not.toContain("end");
      const exit = await child.ended();
      expect(child.messages).toContainEqual({ finally: "shutdown" });
      expect(
        exit.code === 0 || exit.signal === signal || exit.code === 128 + (signal === "SIGTERM" ? 15 : 2),
      ).toBe(true);
    });
  }

  test("without handleSignals the process ends as Node has it", async () => {
    const child = new Child(script, { args: ["unhandled"] });
    const { port } = await child.message((message) => message.port);
    const client = openRaw({ port }, { path: "/api/signalled/loop" });
    await events(client, 1);
    child.process.kill("SIGTERM");
    expect(await child.ended()).toEqual({ code: null, signal: "SIGTERM" });
  });
});
