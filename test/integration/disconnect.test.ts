import { EventEmitter, on } from "node:events";
import { connect, constants } from "node:http2";
import type { Socket } from "node:net";
import { isDeepStrictEqual } from "node:util";
import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { listenerCounts } from "../helpers/leaks.ts";
import { CapturedLog } from "../helpers/log.ts";
import { requestOn } from "../helpers/http2-client.ts";
import { RawConnection } from "../helpers/raw-client.ts";
import { events, head } from "../helpers/stream-client.ts";
import { describeTransports, http1, http2 } from "../helpers/transports.ts";
import { turns, waitFor } from "../helpers/wait-for.ts";

let run: (ctx: Context) => AsyncGenerator<any>;
let log: string[] = [];
beforeEach(() => (log = []));

const ticks = z.object({ tick: z.any() });

class LeaveModel extends BaseModel {
  @stream({ type: "sse", events: ticks, params: z.object({}) })
  async *go(ctx: Context) {
    yield* run(ctx);
  }

  @stream({ type: "sse", events: ticks, params: z.object({}), guards: ["slow"] })
  async *guarded(ctx: Context) {
    log.push("handler");
    yield* run(ctx);
  }

  @stream({ type: "sse", events: ticks, params: z.object({ text: z.string() }), httpMethod: "POST" })
  async *posted(text: string, ctx: Context) {
    log.push(`text ${text.length}`);
    yield* run(ctx);
  }
}

const noted = async function* (ctx: Context, body: () => AsyncGenerator<any>) {
  ctx.signal.addEventListener("abort", () => log.push(`aborted: ${ctx.signal.reason}`));
  try {
    yield* body();
  } finally {
    log.push("finally");
  }
};
const seen = (what: string) => waitFor(() => log.includes(what), { what: () => `${what}; log: ${log}` });

describeTransports("a client that leaves", ({ serve }) => {
  for (const way of ["leave", "reset"] as const) {
    test(`F1: aborts the signal with the reason client, returns the generator at yield and runs finally (${way})`, async () => {
      run = (ctx) =>
        noted(ctx, async function* () {
          for (let tick = 0; ; tick++) {
            yield ["tick", tick];
            await new Promise((resolve) => setImmediate(resolve));
          }
        });
      const { app, open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
      const client = open("/api/leave/go");
      await events(client, 3);
      client[way]();
      await seen("finally");
      await seen("aborted: client");
      await waitFor(() => app.streams.list().length === 0, { what: "the end of the stream's entry" });
    });

    test(`F2: an idle subscriber is freed by the leaving itself, with no further event (${way})`, async () => {
      const source = new EventEmitter();
      run = (ctx) =>
        noted(ctx, async function* () {
          yield ["tick", 0];
          for await (const [tick] of on(source, "tick", { signal: ctx.signal })) yield ["tick", tick];
        });
      const { app, open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
      const client = open("/api/leave/go");
      await events(client, 1);
      await waitFor(() => source.listenerCount("tick") === 1, { what: "the subscription" });
      client[way]();
      await seen("finally");
      expect(source.listenerCount("tick")).toBe(0);
      await waitFor(() => app.streams.list().length === 0, { what: "the end of the stream's entry" });
    });

    test(`F3: during an async guard is noticed, and its place is free again (${way})`, async () => {
      const [entered, held] = [gate(), gate()];
      run = (ctx) =>
        noted(ctx, async function* () {
          const sse: any = ctx.createSSE();
          for (;;) {
            sse.publish("tick", 1);
            await sse.sleep(1);
          }
        });
      let slow = true;
      const { app, open } = await serve({
        models: [LeaveModel],
        maxConnections: 1,
        guards: {
          slow: async () => {
            entered.open();
            if (slow) await held.promise;
            slow = false;
            return true;
          },
        },
      });
      const client = open("/api/leave/guarded");
      await entered.promise;
      client[way]();
      await turns(20);
      held.open();
      // Whether the handler is started for nobody or not: it ends, and the only place is free.
      await waitFor(() => app.streams.list().length === 0, { what: "the free place" });
      if (log.includes("handler")) await seen("finally");
      await waitFor(
        async () => {
          const next = open("/api/leave/guarded");
          await head(next);
          if (next.status !== 200) return false;
          await events(next, 1);
          return true;
        },
        { what: "a stream in the free place" },
      );
    });

    test(`F3: before createSSE is noticed: the signal is aborted and the loop unwound (${way})`, async () => {
      const [entered, held] = [gate(), gate()];
      run = (ctx) =>
        noted(ctx, async function* () {
          entered.open();
          await held.promise;
          await waitFor(() => ctx.signal.aborted, { what: "the abort" });
          const sse: any = ctx.createSSE();
          for (;;) {
            log.push(`published: ${sse.publish("tick", 1)}`);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        });
      const { open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
      const client = open("/api/leave/go");
      await entered.promise;
      client[way]();
      held.open();
      await seen("finally");
      expect(log).toContain("aborted: client");
      expect(log.filter((line) => line.startsWith("published"))).toEqual(["published: false"]);
    });

    test(`F4: is noticed on a stream whose request body has long been read, and not a moment before (${way})`, async () => {
      run = (ctx) =>
        noted(ctx, async function* () {
          const sse: any = ctx.createSSE();
          for (let tick = 0; ; tick++) {
            sse.publish("tick", tick);
            await new Promise((resolve) => setTimeout(resolve, 1));
          }
        });
      const { open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
      const text = "x".repeat(200_000);
      const client = open({ path: "/api/leave/posted", method: "POST", body: { text } });
      await events(client, 20);
      expect(log).toEqual([`text ${text.length}`]);
      client[way]();
      await seen("finally");
      await seen("aborted: client");
    });

    test(`F1: ends sleep, so that a handler in a long one need not wait for it (${way})`, async () => {
      run = (ctx) =>
        noted(ctx, async function* () {
          const sse: any = ctx.createSSE();
          sse.publish("tick", 1);
          await sse.sleep(3_600_000);
          log.push("awake");
        });
      const { open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
      const client = open("/api/leave/go");
      await events(client, 1);
      client[way]();
      await seen("finally");
      expect(log).toContain("awake");
    });
  }

  test("while authenticate is at work is noticed, and its place is free again", async () => {
    const [entered, held] = [gate(), gate()];
    run = async function* (ctx) {
      ctx.createSSE();
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    };
    let calls = 0;
    const { app, open } = await serve({
      models: [LeaveModel],
      guards: { slow: () => true },
      maxConnections: 1,
      authenticate: async () => {
        if (calls++ === 0) {
          entered.open();
          await held.promise;
        }
        return null;
      },
    });
    const client = open("/api/leave/go");
    await entered.promise;
    client.leave();
    await turns(20);
    held.open();
    await waitFor(
      async () => {
        const next = await head(open("/api/leave/go"));
        return next.status === 200;
      },
      { what: "a stream in the free place" },
    );
    await waitFor(() => app.streams.list().length <= 1, { what: "one stream at most" });
  });

  test("right after it has sent its request leaves nothing behind", async () => {
    run = (ctx) =>
      noted(ctx, async function* () {
        log.push("started");
        const sse: any = ctx.createSSE();
        for (;;) {
          sse.publish("tick", 1);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      });
    const { app, open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
    for (let each = 0; each < 20; each++) {
      const client = open("/api/leave/go");
      await turns(each % 8);
      if (each % 2) client.leave();
      else client.reset();
    }
    // One that stays, to be sure that all that came before has been seen.
    const client = open("/api/leave/go");
    await events(client, 1);
    client.leave();
    await waitFor(
      () => app.streams.list().length === 0 && count("started") > 0 && count("started") === count("finally"),
      { what: () => `as many endings as beginnings: ${count("started")}, ${count("finally")}` },
    );
  });

  test("leaves no error of the clean-up unseen: it is logged, and the server goes on", async () => {
    const captured = new CapturedLog();
    run = (ctx) =>
      noted(ctx, async function* () {
        const sse: any = ctx.createSSE();
        sse.publish("tick", 1);
        await sse.sleep(60_000);
        throw new Error("could not clean up");
      });
    const { app, open } = await serve({
      models: [LeaveModel],
      guards: { slow: () => true },
      fastify: { logger: captured.logger } as any,
    });
    const client = open("/api/leave/go");
    await events(client, 1);
    client.leave();
    await waitFor(() => captured.about("could not clean up", 40).length > 0, { what: "the log line" });
    await waitFor(() => app.streams.list().length === 0, { what: "no stream" });
    await events(open("/api/leave/go"), 1);
  });

  test("takes only its own stream with it", async () => {
    run = (ctx) =>
      noted(ctx, async function* () {
        const sse: any = ctx.createSSE();
        for (let tick = 0; ; tick++) {
          sse.publish("tick", tick);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
      });
    const { app, open } = await serve({ models: [LeaveModel], guards: { slow: () => true } });
    const [stays, leaves] = [open("/api/leave/go"), open("/api/leave/go")];
    await Promise.all([events(stays, 2), events(leaves, 2)]);
    leaves.leave();
    await seen("finally");
    expect(app.streams.list()).toHaveLength(1);
    const before = stays.stream.events.length;
    await events(stays, before + 10);
    expect(count("finally")).toBe(1);
  });
});

const count = (what: string) => log.filter((line) => line === what).length;

test("F1: a reset of one HTTP/2 stream ends that stream and leaves the others of its session alone", async () => {
  run = (ctx) =>
    noted(ctx, async function* () {
      const sse: any = ctx.createSSE();
      for (let tick = 0; ; tick++) {
        sse.publish("tick", tick);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  const { app, port } = await http2.serve({ models: [LeaveModel], guards: { slow: () => true } });
  const session = connect(`http://127.0.0.1:${port}`);
  const [first, second] = [1, 2].map(() => requestOn(session, { path: "/api/leave/go" })) as [any, any];
  await Promise.all([events(first, 2), events(second, 2)]);
  first.request.close(constants.NGHTTP2_CANCEL);
  await seen("finally");
  expect(app.streams.list()).toHaveLength(1);
  await events(second, second.stream.events.length + 10);
  second.leave();
  await waitFor(() => app.streams.list().length === 0, { what: "no stream" });
});

test("F1: a client that half-closes its connection counts as gone", async () => {
  run = (ctx) =>
    noted(ctx, async function* () {
      const sse: any = ctx.createSSE();
      for (;;) {
        sse.publish("tick", 1);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    });
  const { open } = await http1.serve({ models: [LeaveModel], guards: { slow: () => true } });
  const client = open("/api/leave/go") as any;
  await events(client, 1);
  client.halfClose();
  await seen("finally");
});

test("a request that is cut off in its head or body starts no handler and leaves nothing behind", async () => {
  run = (ctx) => noted(ctx, async function* () {});
  const { app, port } = await http1.serve({ models: [LeaveModel], guards: { slow: () => true } });
  const formatter = new RawConnection({ port });
  const whole = formatter.format({
    path: "/api/leave/posted",
    method: "POST",
    body: { text: "x".repeat(500) },
  });
  formatter.socket.destroy();
  for (const cut of [1, 20, 60, whole.length - 400, whole.length - 1]) {
    for (const way of ["destroy", "resetAndDestroy", "end"] as const) {
      const { socket } = new RawConnection({ port });
      socket.write(whole.slice(0, cut));
      await turns(3);
      socket[way]();
      if (way === "end") {
        await turns(3);
        socket.destroy();
      }
    }
  }
  const last = new RawConnection({ port });
  await head(last.send({ path: "/api/leave/posted", method: "POST", body: { text: "ok" } }));
  expect(log.filter((line) => line.startsWith("text"))).toEqual(["text 2"]);
  last.socket.destroy();
  await waitFor(() => app.streams.list().length === 0, { what: "no stream" });
});

test("a trickled request is served like any other", async () => {
  run = (ctx) =>
    noted(ctx, async function* () {
      yield ["tick", 1];
    });
  const { port } = await http1.serve({ models: [LeaveModel], guards: { slow: () => true } });
  const connection = new RawConnection({ port });
  const client = await connection.trickle(
    { path: "/api/leave/posted", method: "POST", body: { text: "slow" } },
    3,
  );
  expect(await events(client, 2)).toEqual([1, "END"]);
  connection.socket.destroy();
});

test("a request pipelined behind a stream is answered when the stream has ended", async () => {
  run = (ctx) =>
    noted(ctx, async function* () {
      yield ["tick", log.push("run")];
    });
  const { port } = await http1.serve({ models: [LeaveModel], guards: { slow: () => true } });
  const connection = new RawConnection({ port });
  const [first, second] = [
    connection.send({ path: "/api/leave/go" }),
    connection.send({ path: "/api/leave/go" }),
  ];
  expect((await events(first, 2)).at(-1)).toBe("END");
  expect((await events(second, 2)).at(-1)).toBe("END");
  expect(connection.broken).toBeUndefined();
  connection.socket.destroy();
});

test("many streams on one connection leave no listener on its socket, one after another or pipelined", async () => {
  run = (ctx) =>
    noted(ctx, async function* () {
      yield ["tick", 1];
    });
  const sockets: Socket[] = [];
  const { port } = await http1.serve({ models: [LeaveModel], guards: { slow: () => true } }, (app) => {
    app.server.on("connection", (socket: Socket) => sockets.push(socket));
  });
  const connection = new RawConnection({ port });
  const visit = async (count: number) => {
    const clients = Array.from({ length: count }, () => connection.send({ path: "/api/leave/go" }));
    await waitFor(() => clients.every((client) => client.finished), { what: "the ends of all streams" });
  };
  await visit(1);
  const before = listenerCounts(sockets[0]!);
  for (let each = 0; each < 5; each++) await visit(1);
  await visit(20);
  await waitFor(() => isDeepStrictEqual(listenerCounts(sockets[0]!), before), {
    what: () => `the listeners of before: ${JSON.stringify([before, listenerCounts(sockets[0]!)])}`,
  });
  connection.socket.destroy();
});

test("a keep-alive connection serves the next request after a stream has ended", async () => {
  run = (ctx) =>
    noted(ctx, async function* () {
      yield ["tick", 1];
    });
  const { port } = await http1.serve({ models: [LeaveModel], guards: { slow: () => true } });
  const connection = new RawConnection({ port });
  for (let each = 0; each < 3; each++) {
    const client = connection.send({ path: "/api/leave/go" });
    await events(client, 2);
    await waitFor(() => client.finished, { what: "the body's end" });
  }
  expect(connection.over).toBe(false);
  connection.socket.destroy();
});
