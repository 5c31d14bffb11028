import { fileURLToPath } from "node:url";
import {
  api,
  BaseModel,
  createServer,
  isPinestreamError,
  stream,
  UnauthorizedError,
  z,
  type Context,
} from "pinestream";
import { beforeEach, describe, expect, test } from "vitest";
import { Child } from "../helpers/child.ts";
import { gate } from "../helpers/gate.ts";
import { openRaw, RawConnection } from "../helpers/raw-client.ts";
import { answer, events, head, over } from "../helpers/stream-client.ts";
import { describeTransports, http1 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let seen: any[] = [];
let run: (ctx: Context) => unknown;
beforeEach(() => (seen = []));

class ContextModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({ id: z.number() }) })
  async *go(_id: number, ctx: Context) {
    await run(ctx);
    yield ["tick", 1];
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({ id: z.number() }) })
  async *answering(_id: number, ctx: Context) {
    await run(ctx);
  }

  @api({ params: z.object({ id: z.number().optional() }), httpMethod: "PUT" })
  async put(_id: number | undefined, ctx: Context) {
    return await run(ctx);
  }

  @api({ params: z.object({}), contentType: "text/csv" })
  async csv(_ctx: Context) {
    return "a,b\n1,2\n";
  }

  @api({ params: z.object({}), guards: ["user"] })
  async mine(ctx: Context) {
    return ctx.user;
  }
}

describeTransports("the context", ({ serve }) => {
  test("gives request, reply, headers, parsed params, log, user and signal", async () => {
    run = (ctx) => {
      const sse = ctx.createSSE();
      seen.push(
        ctx.request.url,
        typeof ctx.reply.header,
        ctx.headers["x-own"],
        ctx.params,
        typeof ctx.log.info,
        ctx.user,
        ctx.optionalUser,
        ctx.signal instanceof AbortSignal,
        sse.signal === ctx.signal,
        sse === ctx.createSSE(),
        sse.closed,
        ctx.lastEventId,
        sse.lastEventId,
      );
    };
    const user = { id: 7, name: "Ann" };
    const { open } = await serve({ models: [ContextModel], authenticate: () => user } as any);
    const headers = { "x-own": "yes", "last-event-id": "five" };
    await over(open({ path: "/api/context/go?id=3", headers }));
    expect(seen).toEqual([
      "/api/context/go?id=3",
      "function",
      "yes",
      { id: 3 },
      "function",
      user,
      user,
      true,
      true,
      true,
      false,
      "five",
      "five",
    ]);
  });

  test("ctx.user throws a 401 error of its own class where nobody is signed in", async () => {
    run = (ctx) => {
      seen.push(ctx.optionalUser);
      try {
        void ctx.user;
      } catch (error) {
        seen.push(error);
      }
    };
    const { open } = await serve({ models: [ContextModel] });
    await over(open("/api/context/go?id=3"));
    expect(seen).toEqual([null, expect.any(UnauthorizedError)]);
    expect(seen[1]).toMatchObject({ statusCode: 401 });
  });

  test("lets a handler answer by itself instead of opening a stream", async () => {
    run = (ctx) => {
      void ctx.reply.code(303).header("location", "/elsewhere").send({ moved: true });
    };
    const { ask } = await serve({ models: [ContextModel] });
    expect(await ask("/api/context/answering?id=3")).toMatchObject({
      status: 303,
      headers: { location: "/elsewhere" },
      body: { moved: true },
    });
  });

  test("sends a header whatever its name, such as that of a property that all objects have", async () => {
    run = (ctx) => {
      ctx.createSSE();
      ctx.reply.header("constructor", "mason");
    };
    const { open } = await serve({ models: [ContextModel] });
    const client = await head(open("/api/context/go?id=1"));
    expect(client.headers["constructor"]).toBe("mason");
  });

  test("signal says ended when the stream has come to its end", async () => {
    run = (ctx) => {
      const { signal } = ctx;
      signal.addEventListener("abort", () => seen.push(signal.reason));
    };
    const { open } = await serve({ models: [ContextModel] });
    await over(open("/api/context/go?id=3"));
    await waitFor(() => seen.length > 0, { what: "the abort" });
    expect(seen).toEqual(["ended"]);
  });

  test("carries what the application adds, each request its own", async () => {
    run = (ctx: any) => seen.push(ctx.tenant);
    const { open } = await serve({
      models: [ContextModel],
      context: async (request: any) => ({ tenant: request.headers["x-tenant"] }),
    });
    for (const tenant of ["a", "b"]) {
      await over(open({ path: "/api/context/go?id=3", headers: { "x-tenant": tenant } }));
    }
    expect(seen).toEqual(["a", "b"]);
  });
});

describeTransports("a JSON endpoint", ({ serve }) => {
  test("answers what its method returns, dates and bigints as a stream would send them", async () => {
    run = () => ({ at: new Date(0), big: 12345678901234567890n, list: [1, null], none: undefined });
    const { ask } = await serve({ models: [ContextModel] });
    const { status, headers, body } = await ask({ path: "/api/context/put", method: "PUT", body: {} });
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^application\/json\b/);
    expect(body).toEqual({ at: "1970-01-01T00:00:00.000Z", big: "12345678901234567890", list: [1, null] });
  });

  test("answers with its contentType where it has one", async () => {
    const { ask } = await serve({ models: [ContextModel] });
    const { headers, text } = await ask("/api/context/csv");
    expect(headers["content-type"]).toMatch(/^text\/csv\b/);
    expect(text).toBe("a,b\n1,2\n");
  });

  test("has guards, statuses and hidden 5xx like a stream", async () => {
    const { ask } = await serve({ models: [ContextModel] });
    expect((await ask("/api/context/mine")).status).toBe(401);
    run = () => {
      throw Object.assign(new Error("Taken."), { statusCode: 409 });
    };
    expect(await ask({ path: "/api/context/put", method: "PUT", body: {} })).toMatchObject({
      status: 409,
      body: { message: "Taken." },
    });
    run = () => {
      throw new Error("secret");
    };
    const { status, text } = await ask({ path: "/api/context/put", method: "PUT", body: {} });
    expect(status).toBe(500);
    expect(text).not.toContain("secret");
  });

  test("learns from its signal that the client has left", async () => {
    const entered = gate();
    run = async (ctx) => {
      entered.open();
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      seen.push(ctx.signal.reason);
    };
    const { open } = await serve({ models: [ContextModel] });
    const client = open({ path: "/api/context/put", method: "PUT", body: {} });
    await entered.promise;
    client.leave();
    await waitFor(() => seen.length > 0, { what: "the abort" });
    expect(seen).toEqual(["client"]);
  });

  test("leaves its signal alone when it has answered", async () => {
    run = (ctx) => {
      seen.push(ctx.signal);
      ctx.reply.raw.on("close", () => seen.push("closed"));
      return {};
    };
    const { ask } = await serve({ models: [ContextModel] });
    await ask({ path: "/api/context/put", method: "PUT", body: {} });
    await waitFor(() => seen.includes("closed"), { what: "the end of the response" });
    expect(seen[0].aborted).toBe(false);
  });

  test("has no stream: createSSE says so", async () => {
    run = (ctx) => {
      try {
        ctx.createSSE();
      } catch (error) {
        seen.push(isPinestreamError(error), (error as Error).message);
      }
    };
    const { ask } = await serve({ models: [ContextModel] });
    await ask({ path: "/api/context/put", method: "PUT", body: {} });
    expect(seen).toEqual([true, expect.stringContaining("ContextModel.put")]);
  });
});

describe("odd clients", () => {
  test("an HTTP/1.0 client gets the stream unchunked and its end by the connection's close", async () => {
    run = (ctx) => void ctx.createSSE();
    const { port } = await http1.serve({ models: [ContextModel] });
    const { socket } = new RawConnection({ port });
    let text = "";
    socket.removeAllListeners("data");
    socket.on("data", (bytes: Buffer) => (text += bytes.toString()));
    socket.write("GET /api/context/go?id=1 HTTP/1.0\r\n\r\n");
    await waitFor(() => socket.readableEnded, { what: "the end" });
    socket.destroy();
    const [top = "", body = ""] = text.split(/\r\n\r\n(.*)/s);
    expect(top).toMatch(/^HTTP\/1\.[01] 200 /);
    expect(top.toLowerCase()).not.toContain("transfer-encoding");
    expect(body).toMatch(/^:[^\n]*\n\nevent: tick\ndata: 1\n\nid: [^\n]*\nevent: end\ndata: END\n\n$/);
  });

  test("a request that accepts something else still gets the stream", async () => {
    run = (ctx) => void ctx.createSSE();
    const { open } = await http1.serve({ models: [ContextModel] });
    const client = await head(
      open({ path: "/api/context/go?id=1", headers: { accept: "application/json" } }),
    );
    expect(client.headers["content-type"]).toBe("text/event-stream");
    await over(client);
  });

  test("OPTIONS and unknown methods are no way to run a handler", async () => {
    run = () => seen.push("ran");
    const { ask } = await http1.serve({ models: [ContextModel] });
    for (const method of ["OPTIONS", "POST", "DELETE", "PATCH"]) {
      expect((await ask({ path: "/api/context/go?id=1", method })).status).toBeOneOf([400, 404, 405, 415]);
    }
    expect(seen).toEqual([]);
  });
});

test("a model's private members, accessors, symbols and replaced methods work as ever", async () => {
  const marker = Symbol("marker");
  let model: unknown = undefined;
  class OwnModel extends BaseModel {
    #secret = 1;
    readonly bound = () => this.#secret;

    get secret() {
      return this.#secret;
    }

    set secret(value: number) {
      this.#secret = value;
    }

    [marker]() {
      return this.#secret;
    }

    #raise() {
      this.#secret++;
      return this;
    }

    raise() {
      return this.#raise();
    }

    helper() {
      return "own";
    }

    @api({ params: z.object({}) })
    async look(_ctx: Context) {
      this.secret = this.raise().secret * 10;
      return [this.secret, this.bound(), this[marker](), this === model, this.helper()];
    }
  }
  const own = new OwnModel();
  model = own;
  const { ask } = await http1.serve({ models: [own] });
  expect((await ask("/api/own/look")).body).toEqual([20, 20, 20, true, "own"]);
  own.helper = () => "replaced on the instance";
  expect((await ask("/api/own/look")).body.at(-1)).toBe("replaced on the instance");
  expect(own.secret).toBe(210);
});

describe("options of the server", () => {
  test("wrong ones are refused at the start, by name", async () => {
    for (const [name, value] of [
      ["keepAlive", 0],
      ["keepAlive", -1],
      ["keepAlive", "15"],
      ["maxBufferedBytes", 0],
      ["stallTimeout", Number.NaN],
      ["maxConnections", -1],
      ["maxLifetime", 0],
      ["shutdownTimeout", -5],
      ["overflow", "explode"],
    ] as const) {
      await expect(
        (async () => {
          const app = await createServer({ models: [ContextModel], [name]: value } as any);
          await app.ready();
        })(),
        `${name}: ${String(value)}`,
      ).rejects.toThrow(name);
    }
  });

  test("a glob finds the models of a folder, in a process under tsx", async () => {
    const child = new Child(fileURLToPath(new URL("fixtures/globbed.ts", import.meta.url)));
    const { port } = await child.message((message) => message.port);
    expect((await answer(openRaw({ port }, { path: "/api/globbed/hello?name=Ann" }))).body).toEqual({
      hello: "Ann",
    });
    const client = openRaw({ port }, { path: "/api/other/countUp?from=3" });
    expect(await events(client, 3)).toEqual([3, 4, "END"]);
  });
});

test.each(["Hamburg", "Århus", "釜山"])(
  "a header in Latin-1 is sent as that, whatever comes first: %s",
  async (port) => {
    run = (ctx) => {
      ctx.reply.header("x-berth", "Ålesund");
      ctx.createSSE().publish("tick", port);
    };
    const { open } = await http1.serve({ models: [ContextModel] });
    const client = await head(open("/api/context/go?id=1"));
    expect(client.headers["x-berth"]).toBe("Ålesund");
    expect(await events(client, 2, "tick")).toEqual([port, 1]);
  },
);
