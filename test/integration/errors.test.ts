import { BaseModel, EventValidationError, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { CapturedLog } from "../helpers/log.ts";
import { events, head, over } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { settles, waitFor } from "../helpers/wait-for.ts";

let run: (ctx: Context) => AsyncGenerator<any>;
let seen: unknown[] = [];
beforeEach(() => (seen = []));

class ErrorModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}) })
  async *plain(ctx: Context) {
    yield* run(ctx);
  }

  @stream({
    type: "sse",
    params: z.object({}),
    events: z.object({ tick: z.number(), error: z.object({ message: z.string() }) }),
  })
  async *telling(ctx: Context) {
    yield* run(ctx);
  }

  @stream({
    type: "sse",
    params: z.object({}),
    events: z.object({ tick: z.number(), error: z.object({ code: z.number() }) }),
  })
  async *other(ctx: Context) {
    yield* run(ctx);
  }
}

const withStatus = (statusCode: number, message: string) => Object.assign(new Error(message), { statusCode });

describeTransports("failure", ({ serve }) => {
  const start = async () => {
    const log = new CapturedLog();
    return { log, ...(await serve({ models: [ErrorModel], fastify: { logger: log.logger } as any })) };
  };

  test("F31: what is thrown before the head is an HTTP error with its own status", async () => {
    const { ask } = await start();
    for (const early of [
      async function* () {
        throw withStatus(418, "short and stout");
      },
      async function* (ctx: Context) {
        ctx.createSSE();
        throw withStatus(418, "short and stout");
      },
      async function* (ctx: Context) {
        const sse: any = ctx.createSSE();
        sse.publish("tick", 1);
        throw withStatus(418, "short and stout");
      },
    ]) {
      run = early as any;
      const { status, headers, body } = await ask("/api/error/plain");
      expect(status).toBe(418);
      expect(headers["content-type"]).toMatch(/^application\/json\b/);
      expect(body).toMatchObject({ statusCode: 418, message: "short and stout" });
    }
  });

  test("F31: ctx.user throws a 401 right after createSSE where nobody is signed in", async () => {
    const { ask } = await start();
    run = async function* (ctx) {
      ctx.createSSE();
      void ctx.user;
    };
    expect((await ask("/api/error/plain")).status).toBe(401);
  });

  test("a 5xx never carries its message, and the log does", async () => {
    const { ask, log } = await start();
    for (const error of [
      new Error("secret: hunter2"),
      withStatus(503, "secret: hunter2"),
      "secret: hunter2",
    ]) {
      run = async function* () {
        throw error;
      };
      const { status, text } = await ask("/api/error/plain");
      expect(status).toBeGreaterThanOrEqual(500);
      expect(text).not.toContain("hunter2");
    }
    expect(log.about("hunter2", 50).length).toBeGreaterThanOrEqual(2);
  });

  test("a wait before createSSE still answers with an HTTP error", async () => {
    const { ask } = await start();
    run = async function* () {
      await new Promise((resolve) => setImmediate(resolve));
      throw withStatus(404, "no such room");
    };
    expect(await ask("/api/error/plain")).toMatchObject({ status: 404, body: { message: "no such room" } });
  });

  test("an error after the head is logged and cuts the stream without end", async () => {
    const { open, log } = await start();
    run = async function* (ctx) {
      const sse: any = ctx.createSSE();
      sse.publish("tick", 1);
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error("half way");
    };
    const client = await over(open("/api/error/plain"));
    expect(client.status).toBe(200);
    expect(client.stream.names).toEqual(["tick"]);
    await waitFor(() => log.about("half way", 50).length > 0, { what: "the log line" });
    expect(log.about("half way", 50)).toHaveLength(1);
  });

  test("an error event that takes a message is sent, masked from 500 on", async () => {
    const { open } = await start();
    for (const [error, message] of [
      [new Error("secret"), "Internal Server Error"],
      [withStatus(502, "secret"), "Internal Server Error"],
      [withStatus(404, "The room is gone."), "The room is gone."],
      ["secret", "Internal Server Error"],
    ] as const) {
      run = async function* (ctx) {
        const sse: any = ctx.createSSE();
        await sse.flush();
        await new Promise((resolve) => setImmediate(resolve));
        throw error;
      };
      const client = await over(open("/api/error/telling"));
      expect(client.stream.events).toMatchObject([{ event: "error", data: JSON.stringify({ message }) }]);
      expect(client.stream.text).not.toContain("secret");
    }
  });

  test("an error event of another shape is not sent", async () => {
    const { open } = await start();
    run = async function* (ctx) {
      ctx.createSSE();
      await new Promise((resolve) => setImmediate(resolve));
      throw withStatus(404, "gone");
    };
    expect((await over(open("/api/error/other"))).stream.names).toEqual([]);
  });

  test("signal.reason is error after a failure, and finally still runs", async () => {
    const { open } = await start();
    run = async function* (ctx) {
      ctx.signal.addEventListener("abort", () => seen.push(ctx.signal.reason));
      try {
        ctx.createSSE();
        await new Promise((resolve) => setImmediate(resolve));
        throw new Error("on purpose");
      } finally {
        seen.push("finally");
      }
    };
    await over(open("/api/error/plain"));
    await waitFor(() => seen.length === 2, { what: "signal and finally" });
    expect(seen).toEqual(["finally", "error"]);
  });

  test("invalid data on the handler's own chain throws with event, issues and paths; nothing is sent", async () => {
    const { open } = await start();
    run = async function* (ctx) {
      const sse: any = ctx.createSSE();
      try {
        sse.publish("error", { message: 7 });
      } catch (error) {
        seen.push(error);
      }
      await new Promise((resolve) => setImmediate(resolve));
      try {
        sse.publish("tick", "one");
      } catch (error) {
        seen.push(error);
      }
      sse.publish("tick", 2);
    };
    const client = await over(open("/api/error/telling"));
    expect(seen).toEqual([expect.any(EventValidationError), expect.any(EventValidationError)]);
    const [error] = seen as [EventValidationError];
    expect(error).toMatchObject({
      name: "EventValidationError",
      event: "error",
      issues: [{ path: ["message"] }],
    });
    expect(error.message).toContain("ErrorModel.telling");
    expect(client.stream.dataOf("tick")).toEqual([2]);
  });

  test("invalid data from a timer or a listener is logged, gives false and harms nobody", async () => {
    const { open, log } = await start();
    const held = gate();
    run = async function* (ctx) {
      const sse: any = ctx.createSSE();
      setTimeout(() => seen.push(sse.publish("tick", "bad-in-a-timer")), 0);
      ctx.signal.addEventListener("abort", () => sse.publish("tick", "bad-in-a-listener"));
      await held.promise;
      sse.publish("tick", 2);
    };
    const client = open("/api/error/plain");
    await waitFor(() => seen.length > 0, { what: "the timer's publish" });
    held.open();
    await over(client);
    expect(seen).toEqual([false]);
    expect(client.stream.dataOf("tick")).toEqual([2]);
    await waitFor(() => log.about("EventValidationError", 40).length > 0, { what: "the log line" });
  });

  test("a bad yield is an error of the handler", async () => {
    const { open } = await start();
    for (const bad of [["tick", "x"], { event: "nope", data: 1 }, 7, "tick", null, ["tick"], {}]) {
      seen = [];
      run = async function* (ctx) {
        ctx.createSSE();
        await new Promise((resolve) => setImmediate(resolve));
        try {
          yield ["tick", 1];
          yield bad as any;
        } finally {
          seen.push("finally");
        }
      };
      const client = await over(open("/api/error/plain"));
      expect(client.stream.names, JSON.stringify(bad)).toEqual(["tick"]);
      expect(seen).toEqual(["finally"]);
    }
  });

  test("F32: publishing from a timer after every way of ending neither throws nor crashes", async () => {
    const { open } = await start();
    const timers: NodeJS.Timeout[] = [];
    const results: unknown[] = [];
    const ticking = (ctx: Context) => {
      const sse: any = ctx.createSSE();
      timers.push(
        setInterval(() => {
          const taken = sse.publish("tick", 1);
          if (ctx.signal.aborted) results.push(taken, sse.comment("late"), sse.closed);
        }, 1),
      );
      return sse;
    };
    for (const ending of ["end", "throw", "leave", "reset"] as const) {
      results.length = 0;
      run = async function* (ctx) {
        const sse = ticking(ctx);
        await new Promise((resolve) => setImmediate(resolve));
        if (ending === "end") await sse.end();
        else if (ending === "throw") throw new Error("on purpose");
        else await sse.sleep(60_000);
      };
      const client = await head(open("/api/error/plain"));
      if (ending === "leave" || ending === "reset") {
        await events(client, 1);
        client[ending]();
      }
      await waitFor(() => results.length >= 9, { what: `publishes after ${ending}` });
      expect(new Set(results)).toEqual(new Set([false, true]));
      expect(results.filter((each) => each === true)).toHaveLength(results.length / 3);
      for (const timer of timers.splice(0)) clearInterval(timer);
    }
  });

  test("an error inside a listener of the handler's own does not keep the stream open", async () => {
    const { app, open } = await start();
    run = async function* (ctx) {
      const sse: any = ctx.createSSE();
      seen.push(sse.publish("tick", 1));
      yield ["tick", 2];
      await sse.sleep(60_000);
    };
    const client = open("/api/error/plain");
    await events(client, 2);
    client.leave();
    await waitFor(() => app.streams.list().length === 0, { what: "the stream's end" });
    await settles(app.close(), { what: "close" });
  });
});
