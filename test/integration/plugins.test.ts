import compress from "@fastify/compress";
import cookie from "@fastify/cookie";
import cors from "@fastify/cors";
import Fastify from "fastify";
import pinestream, { api, BaseModel, createServer, stream, z, type Context } from "pinestream";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { openRaw } from "../helpers/raw-client.ts";
import { answer, events, head, over } from "../helpers/stream-client.ts";
import { describeTransports, http1 } from "../helpers/transports.ts";
import { settles, waitFor } from "../helpers/wait-for.ts";

let held = gate();
let log: string[] = [];
beforeEach(() => {
  held = gate();
  log = [];
});

class PluginModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.string() }), params: z.object({}) })
  @api({ compress: false })
  async *go(ctx: Context) {
    const sse = ctx.createSSE();
    sse.publish("tick", "first");
    await held.promise;
    sse.publish("tick", "second");
  }

  @stream({ type: "sse", events: z.object({ tick: z.string() }), params: z.object({}) })
  async *dressed(ctx: Context) {
    const reply = ctx.reply as any;
    reply.header("x-own", "handler");
    reply.setCookie?.("seen", "1", { path: "/" });
    yield ["tick", "first"];
  }

  @stream({ type: "sse", events: z.object({ tick: z.string() }), params: z.object({ n: z.number() }) })
  async *strict(n: number, _ctx: Context) {
    yield ["tick", String(n)];
  }

  @api({ params: z.object({}) })
  async large(_ctx: Context) {
    return { text: "x".repeat(10_000) };
  }
}

const browser = { "accept-encoding": "gzip, deflate, br", origin: "https://app.example" };

describeTransports("beside the plugins of the ecosystem", ({ serve }) => {
  test("F29: a stream is not compressed nor held up by @fastify/compress, registered globally", async () => {
    const { open, ask } = await serve({ models: [PluginModel] }, (app) =>
      app.register(compress as any, { global: true, threshold: 0 }),
    );
    const client = open({ path: "/api/plugin/go", headers: browser });
    expect(await events(client, 1)).toEqual(["first"]);
    expect(client.headers["content-encoding"]).toBeUndefined();
    held.open();
    expect((await over(client)).stream.dataOf("tick")).toEqual(["first", "second"]);
    expect((await ask("/api/plugin/large")).body.text).toHaveLength(10_000);
  });

  test("CORS headers of @fastify/cors and cookies of @fastify/cookie reach the head", async () => {
    const { open } = await serve({ models: [PluginModel] }, async (app) => {
      await app.register(cors as any, { origin: "https://app.example", credentials: true });
      await app.register(cookie as any);
    });
    const client = await over(open({ path: "/api/plugin/dressed", headers: browser }));
    expect(client.headers).toMatchObject({
      "access-control-allow-origin": "https://app.example",
      "access-control-allow-credentials": "true",
      "x-own": "handler",
      "set-cookie": expect.stringMatching(/^seen=1;/),
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-transform",
    });
    expect(client.stream.names).toEqual(["tick", "end"]);
  });

  test("headers that hooks set on the reply reach the head, and errors carry them too", async () => {
    const { open } = await serve({ models: [PluginModel] }, (app) => {
      app.addHook("onRequest", async (_request, reply) => void reply.header("x-from", "onRequest"));
      app.addHook("preHandler", async (_request, reply) => void reply.header("x-also", "preHandler"));
    });
    const client = await head(open("/api/plugin/go"));
    expect(client.headers).toMatchObject({ "x-from": "onRequest", "x-also": "preHandler" });
    held.open();
    await over(client);
  });

  test("a hook that answers by itself keeps the handler from running", async () => {
    const { ask } = await serve({ models: [PluginModel] }, (app) => {
      app.addHook("preHandler", async (_request, reply) => await reply.code(423).send({ locked: true }));
    });
    expect(await ask("/api/plugin/go")).toMatchObject({ status: 423, body: { locked: true } });
  });
});

describe("as a plugin of an application that is already there", () => {
  const listen = async (app: any) => {
    onTestFinished(async () => await app.close());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: app.server.address().port };
  };

  for (const order of ["before", "after"] as const) {
    test(`F29: works with compress, cors and cookie registered ${order} it`, async () => {
      const app = Fastify();
      const others = async () => {
        await app.register(compress, { global: true, threshold: 0 });
        await app.register(cors, { origin: true });
        await app.register(cookie);
      };
      if (order === "before") await others();
      await app.register(pinestream, { prefix: "/live", models: [PluginModel] } as any);
      if (order === "after") await others();
      const target = await listen(app);
      const client = openRaw(target, { path: "/live/plugin/go", headers: browser });
      expect(await events(client, 1)).toEqual(["first"]);
      expect(client.headers["content-encoding"]).toBeUndefined();
      held.open();
      await over(client);
      expect(client.stream.names).toEqual(["tick", "tick", "end"]);
    });
  }

  test("prefix is Fastify's own, and the application's routes stay as they are", async () => {
    const app = Fastify();
    app.get("/own", async () => ({ own: true }));
    await app.register(pinestream, { prefix: "/a/b", models: [PluginModel] } as any);
    const target = await listen(app);
    expect((await answer(openRaw(target, { path: "/own" }))).body).toEqual({ own: true });
    const client = await head(openRaw(target, { path: "/a/b/plugin/go" }));
    expect(client.status).toBe(200);
    held.open();
    await over(client);
    expect((await answer(openRaw(target, { path: "/api/plugin/go" }))).status).toBe(404);
  });

  test("two registrations with prefixes of their own live side by side", async () => {
    const app = Fastify();
    await app.register(pinestream, { prefix: "/one", models: [PluginModel] } as any);
    await app.register(pinestream, { prefix: "/two", models: [PluginModel] } as any);
    const target = await listen(app);
    for (const prefix of ["/one", "/two"]) {
      const client = openRaw(target, { path: `${prefix}/plugin/dressed` });
      expect((await over(client)).stream.names).toEqual(["tick", "end"]);
    }
  });

  test("it is encapsulated: its errors and hooks do not change the application's", async () => {
    const app = Fastify();
    app.setErrorHandler((error: any, _request, reply) => reply.code(499).send({ own: error.message }));
    app.get("/fails", async () => {
      throw new Error("mine");
    });
    await app.register(pinestream, { prefix: "/api", models: [PluginModel] } as any);
    const target = await listen(app);
    expect(await answer(openRaw(target, { path: "/fails" }))).toMatchObject({
      status: 499,
      body: { own: "mine" },
    });
  });

  test("an error handler that the application set before it gets its errors, as they were thrown", async () => {
    const app = Fastify();
    app.setErrorHandler((error: any, _request, reply) => {
      log.push(error.constructor.name);
      return reply.code(error.statusCode ?? 500).send({ own: error.issues?.length ?? error.message });
    });
    await app.register(pinestream, { prefix: "/api", models: [PluginModel] } as any);
    const target = await listen(app);
    expect(await answer(openRaw(target, { path: "/api/plugin/strict?n=x" }))).toMatchObject({
      status: 400,
      body: { own: 1 },
    });
    expect(log).toEqual(["InvalidParametersError"]);
  });

  test("closing the application ends its streams", async () => {
    const app = Fastify();
    await app.register(pinestream, { prefix: "/api", models: [PluginModel], shutdownTimeout: 500 } as any);
    const target = await listen(app);
    const client = openRaw(target, { path: "/api/plugin/go" });
    await events(client, 1);
    held.open();
    await app.close();
    await over(client);
  });
});

test("F10: close of an application resolves, though handlers take longer than its pluginTimeout to clean up", async () => {
  const app = Fastify({ pluginTimeout: 300 });
  await app.register(pinestream, { prefix: "/api", models: [PluginModel], shutdownTimeout: 1_500 } as any);
  await app.listen({ port: 0, host: "127.0.0.1" });
  const client = openRaw({ port: (app.server.address() as any).port }, { path: "/api/plugin/go" });
  await events(client, 1);
  // Its handler waits for what never comes, so that all of shutdownTimeout passes.
  await settles(app.close(), { what: "close" });
  await over(client);
});

test("createServer gives a Fastify instance: inject, hooks, routes of one's own", async () => {
  const app = await createServer({ models: [PluginModel], prefix: "/v1" });
  onTestFinished(async () => await app.close());
  app.get("/own", async () => ({ own: true }));
  expect((await app.inject("/own")).json()).toEqual({ own: true });
  expect((await app.inject("/v1/plugin/large")).json().text).toHaveLength(10_000);
});

test("inject gives the plain answers of a stream, and a stream that ends", async () => {
  const app = await createServer({ models: [PluginModel] });
  onTestFinished(async () => await app.close());
  const refused = await app.inject("/api/plugin/strict?n=x");
  expect(refused.statusCode).toBe(400);
  expect(refused.json().issues).toHaveLength(1);
  const { statusCode, headers, body } = await app.inject("/api/plugin/strict?n=1");
  expect(statusCode).toBe(200);
  expect(headers["content-type"]).toBe("text/event-stream");
  expect(body).toMatch(/event: tick\ndata: "1"\n\nid: [^\n]*\nevent: end\ndata: END\n\n$/);
});

test("F33: onSend and onResponse hooks see a stream once and change nothing in it", async () => {
  const { open } = await http1.serve({ models: [PluginModel] }, (app) => {
    app.addHook("onResponse", async () => void log.push("onResponse"));
    app.addHook("onSend", async (_request, _reply, payload) => {
      log.push("onSend");
      return payload;
    });
  });
  const client = open("/api/plugin/go");
  held.open();
  await over(client);
  expect(client.stream.names).toEqual(["tick", "tick", "end"]);
  await waitFor(() => log.includes("onResponse"), { what: "onResponse" });
  expect(log.filter((line) => line === "onResponse")).toHaveLength(1);
});
