// What a review of the core found wrong, each with the promise that it broke.
import type { Socket } from "node:net";
import { createServer, stream, z, type Context } from "pinestream";
import { beforeEach, describe, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { collectGarbage } from "../helpers/leaks.ts";
import { answer, events, head, over } from "../helpers/stream-client.ts";
import { describeTransports, http1, type ServerOptions } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let held = gate();
let handled = 0;
beforeEach(() => {
  held = gate();
  handled = 0;
});

const shape = z.object({ tick: z.string() });

class ReviewModel {
  client = Object.assign(() => "called", { get: () => "got" });
  listener = () => {};

  @stream({ type: "sse", events: shape, params: z.object({ size: z.number().default(1_000) }) })
  async *many(size: number, _ctx: Context) {
    for (let each = 0; each < 100; each++) yield ["tick", `${each}:${"x".repeat(size)}`];
  }

  @stream({ type: "sse", events: shape, params: z.object({}) })
  async *growing(_ctx: Context) {
    for (const size of [60_000, 1_040_000, 10]) yield { event: "tick", data: "x".repeat(size) };
  }

  @stream({ type: "sse", events: shape, params: z.object({}) })
  async *once(ctx: Context) {
    handled++;
    yield ["tick", ctx.lastEventId ?? "none"];
  }

  @stream({ type: "sse", events: shape, params: z.object({}) })
  async *until(ctx: Context) {
    handled++;
    ctx.createSSE(shape).publish("tick", "open");
    await Promise.race([
      held.promise,
      new Promise((resolve) => ctx.signal.addEventListener("abort", resolve, { once: true })),
    ]);
    yield;
  }

  @stream({ type: "sse", events: shape, params: z.object({}) })
  async *badHeader(ctx: Context) {
    ctx.reply.header("x-place", "Köln ☃");
    const sse = ctx.createSSE(shape);
    sse.publish("tick", "never");
    await sse.sleep(60_000);
  }

  @stream({ type: "sse", events: shape, params: z.object({}), guards: ["user"] })
  async *mine(_ctx: Context) {
    yield ["tick", "mine"];
  }

  @stream({ type: "sse", events: shape, params: z.object({}), guards: ["slow"] })
  async *guarded(_ctx: Context) {
    handled++;
    yield ["tick", "in"];
  }

  @stream({ type: "sse", events: shape, params: z.object({}) })
  async *pays(ctx: Context) {
    await ctx.reply.code(402).send({ pay: true });
    if (handled < 0) yield;
  }
}

const options = (more: Partial<ServerOptions> = {}): ServerOptions => ({
  models: [ReviewModel],
  guards: { slow: async () => (await held.promise, true) },
  ...more,
});

describeTransports("the core after its review", ({ serve }) => {
  test("a client that leaves during the application's own async hook takes nothing with it", async () => {
    const entered = gate();
    const { open, app } = await serve(options({ maxConnections: 1 }), (fastify) => {
      fastify.addHook("onRequest", async (request) => {
        if (!request.headers["x-slow"]) return;
        entered.open();
        await held.promise;
      });
    });
    const client = open({ path: "/api/review/once", headers: { "x-slow": "1" } });
    await entered.promise;
    client.reset();
    await waitFor(() => client.over, { what: "the end of the connection" });
    held.open();
    // The only place is free again, and nothing holds the close up.
    await waitFor(
      async () => {
        const next = await head(open("/api/review/once"));
        return next.status === 200;
      },
      { what: "the free place" },
    );
    expect(app.streams.list().length).toBeLessThanOrEqual(1);
  });

  test.each(["x%0Adata:%20evil", "x%0D%0A%0D%0Aevent:%20admin", "x%00", "%ED%A0%80", "x".repeat(5_000)])(
    "no last event ID of a query injects a frame or reaches the handler unless an event could have had it (%s)",
    async (id) => {
      const { open } = await serve(options());
      const client = await over(open(`/api/review/once?lastEventId=${id}`));
      expect(client.stream.names).toEqual(["tick", "end"]);
      const [data] = client.stream.dataOf("tick");
      // What is no UTF-8 is left as it was written by whoever reads the query.
      expect(["none", "%ED%A0%80"]).toContain(data);
    },
  );

  test.each(["close", "drop"] as const)(
    "a client that reads gets all that is yielded, whatever maxBufferedBytes and overflow (%s)",
    async (overflow) => {
      const { open } = await serve(options({ maxBufferedBytes: 4_096, overflow }));
      for (const size of [10, 1_000, 10_000]) {
        const client = await over(open(`/api/review/many?size=${size}`));
        const ticks = client.stream.dataOf("tick").map((text: string) => Number.parseInt(text, 10));
        expect(ticks).toEqual(Array.from({ length: 100 }, (_, each) => each));
      }
    },
  );

  test("a yielded event that does not fit beside what waits is held back, not refused", async () => {
    const { open } = await serve(options());
    const client = await over(open("/api/review/growing"));
    expect(client.stream.dataOf("tick").map((text: string) => text.length)).toEqual([60_000, 1_040_000, 10]);
    expect(client.stream.names.at(-1)).toBe("end");
  });

  test("a head that cannot be written becomes an HTTP error, and its place is free", async () => {
    const { ask, app } = await serve(options({ maxConnections: 1 }));
    for (let time = 0; time < 2; time++) {
      const { status, text } = await ask("/api/review/badHeader");
      expect(status).toBe(500);
      expect(text).not.toContain("x-place");
    }
    expect(app.streams.list()).toEqual([]);
  });

  test("app.streams.close reaches a stream that is still in its guards", async () => {
    const { app, ask } = await serve(options({ authenticate: () => ({ id: 7 }) }));
    const asked = ask("/api/review/guarded");
    await waitFor(() => app.streams.close({ user: 7 }) === 1, { what: "the stream to be known" });
    expect(app.streams.list()).toEqual([]);
    held.open();
    expect((await asked).status).toBe(403);
    expect(handled).toBe(0);
  });

  test("an answer that the handler gives by itself stands, whatever hooks there are", async () => {
    const { ask } = await serve(options(), (app) => {
      app.addHook("onSend", async (_request, _reply, payload) => payload);
    });
    expect(await ask("/api/review/pays")).toMatchObject({ status: 402, body: { pay: true } });
  });

  test("what an onSend hook throws is not told to the client", async () => {
    const { ask, app } = await serve(options(), (fastify) => {
      fastify.addHook("onSend", async (_request, reply) => {
        if (reply.statusCode === 200) throw new Error("hook secret");
      });
    });
    const { status, text } = await ask("/api/review/once");
    expect(status).toBe(500);
    expect(text).not.toContain("secret");
    await waitFor(() => app.streams.list().length === 0, { what: "the end of the stream" });
  });

  test("a status that an onSend hook sets does not replace the stream", async () => {
    const { open } = await serve(options(), (app) => {
      app.addHook("onSend", async (_request, reply) => void reply.code(202));
    });
    const client = await over(open("/api/review/once"));
    expect(client.status).toBe(200);
    expect(client.stream.names).toEqual(["tick", "end"]);
  });

  test("nothing is kept for the sign-in of a client that left while it was found out", async () => {
    const [entered, left, known] = [gate(), gate(), gate()];
    let users = 0;
    const kept: WeakRef<object>[] = [];
    const { open, app } = await serve(
      options({
        authenticate: async ({ raw }) => {
          (("stream" in raw ? raw.stream : raw.socket) as Socket).once("close", () => left.open());
          entered.open();
          await known.promise;
          const user = { id: ++users };
          kept.push(new WeakRef(user));
          return { user, expiresAt: Date.now() + 3_600_000 };
        },
      }),
    );
    const client = open("/api/review/once");
    await entered.promise;
    client.reset();
    await left.promise;
    await new Promise((resolve) => setImmediate(resolve));
    known.open();
    await waitFor(() => users === 1, { what: "the sign-in" });
    await waitFor(() => (collectGarbage(), kept[0]?.deref() === undefined), {
      what: "the user to be let go of",
    });
    expect(app.streams.list()).toEqual([]);
    expect(handled).toBe(0);
  });

  test.each([false, "", 0, null, undefined])("authenticate that gives %j signs nobody in", async (nobody) => {
    const { ask } = await serve(options({ authenticate: () => nobody as never }));
    expect((await ask("/api/review/mine")).status).toBe(401);
  });

  test("users without an id are counted by address", async () => {
    const { open, ask } = await serve(
      options({ authenticate: () => ({ sub: "abc" }), maxConnectionsPerClient: 1 }),
    );
    await events(open("/api/review/until"), 1);
    expect((await ask("/api/review/until")).status).toBe(429);
  });

  test("a malformed body is a 400 with issues", async () => {
    class PostModel {
      @stream({ type: "sse", events: shape, httpMethod: "POST", params: z.object({}) })
      async *go(_ctx: Context) {
        yield ["tick", "in"];
      }
    }
    const { open } = await serve({ models: [PostModel] });
    const client = open({
      path: "/api/post/go",
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{oops",
    });
    expect(await answer(client)).toMatchObject({
      status: 400,
      body: { statusCode: 400, issues: [{ path: [] }] },
    });
  });
});

describe("the core after its review", () => {
  test.each(["sync", "async"])(
    "an error handler set on the running application gets our errors (%s)",
    async (kind) => {
      const { ask } = await http1.serve(options(), (app) => {
        app.setErrorHandler((error: Error, _request, reply) => {
          if (kind === "async") return Promise.resolve({ own: error.message });
          return reply.code(418).send({ own: error.message });
        });
      });
      const { status, body } = await ask("/api/review/mine");
      expect(body).toEqual({ own: "Sign in to use this endpoint." });
      // Like any of Fastify's, it says the status itself.
      expect(status).toBe(kind === "async" ? 200 : 418);
    },
  );

  test("fields of a model that hold functions are left as they are", async () => {
    const model = new ReviewModel();
    const { client, listener } = model;
    await http1.serve(options({ models: [model] }));
    expect(model.client).toBe(client);
    expect(model.client.get()).toBe("got");
    expect(model.listener).toBe(listener);
    expect(model.many.name).toBe("many");
    expect(model.many).toHaveLength(2);
  });

  test("HEAD answers the head of the stream, without a Connection header", async () => {
    const { ask } = await http1.serve(options());
    const { status, headers } = await ask({ path: "/api/review/once", method: "HEAD" });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/event-stream");
    expect(headers["connection"]).toBeUndefined();
  });

  test("a stream overridden by a method of another kind is refused at start", async () => {
    class PlainModel extends ReviewModel {}
    Object.defineProperty(PlainModel.prototype, "once", { value: async () => {} });
    await expect(createServer(options({ models: [PlainModel] }))).rejects.toThrow(
      /PlainModel\.once: is overridden/,
    );
  });

  test.each(["keepAlive", "stallTimeout", "maxLifetime", "shutdownTimeout"])(
    "%s that is not finite is refused, naming the option",
    async (name) => {
      await expect(createServer(options({ [name]: Number.POSITIVE_INFINITY }))).rejects.toThrow(name);
    },
  );

  test("a start that fails leaves no listener behind", async () => {
    class FirstModel {
      @stream({ type: "sse", events: shape, path: "/a/:x", params: z.object({ x: z.string() }) })
      async *one(_x: string, _ctx: Context) {}

      @stream({ type: "sse", events: shape, path: "/a/:y", params: z.object({ y: z.string() }) })
      async *two(_y: string, _ctx: Context) {}
    }
    const before = process.listenerCount("unhandledRejection");
    await expect(createServer({ models: [FirstModel] })).rejects.toThrow();
    expect(process.listenerCount("unhandledRejection")).toBe(before);
  });
});
