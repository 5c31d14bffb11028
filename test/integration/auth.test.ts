import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { events, head, over } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let log: string[] = [];
beforeEach(() => (log = []));

const ticks = z.object({ tick: z.any() });

const staying = async function* (ctx: Context) {
  ctx.signal.addEventListener("abort", () => log.push(`aborted: ${ctx.signal.reason}`));
  const sse: any = ctx.createSSE();
  try {
    sse.publish("tick", (ctx as any).optionalUser?.id ?? null);
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  } finally {
    log.push("finally");
  }
};

class AuthModel extends BaseModel {
  @stream({ type: "sse", events: ticks, params: z.object({}) })
  async *open(ctx: Context) {
    log.push("handler");
    yield* staying(ctx);
  }

  @stream({ type: "sse", events: ticks, params: z.object({}), guards: ["user"] })
  async *mine(ctx: Context) {
    log.push("handler");
    yield* staying(ctx);
  }

  @stream({ type: "sse", events: ticks, params: z.object({}), guards: ["first", "second", "third"] })
  async *guarded(ctx: Context) {
    log.push("handler");
    yield* staying(ctx);
  }

  @stream({ type: "sse", events: ticks, params: z.object({ room: z.number() }), guards: ["member"] })
  async *room(room: number, ctx: Context) {
    log.push(`handler ${room}`);
    yield* staying(ctx);
  }
}

/** Signs in by a header: `x-user: 7` is user 7. */
const byHeader = (request: { headers: Record<string, unknown> }) => {
  const id = Number(request.headers["x-user"]);
  return id ? { id, name: `user ${id}` } : null;
};
const as = (id: number, path: string) => ({ path, headers: { "x-user": String(id) } });
const noGuards = { first: () => true, second: () => true, third: () => true, member: () => true };

describeTransports("who may listen", ({ serve }) => {
  const start = (options: object = {}) =>
    serve({ models: [AuthModel], authenticate: byHeader, guards: noGuards, ...options } as any);

  test("authenticate decides who ctx.user is, and nobody is null in ctx.optionalUser", async () => {
    const { open } = await start();
    expect(await events(open(as(7, "/api/auth/open")), 1)).toEqual([7]);
    expect(await events(open("/api/auth/open"), 1)).toEqual([null]);
  });

  test("the built-in guard user lets in who is signed in, and answers 401 to others before the head", async () => {
    const { open, ask } = await start();
    const { status, headers, body } = await ask("/api/auth/mine");
    expect(status).toBe(401);
    expect(headers["content-type"]).toMatch(/^application\/json\b/);
    expect(body.statusCode).toBe(401);
    expect(log).toEqual([]);
    expect(await events(open(as(7, "/api/auth/mine")), 1)).toEqual([7]);
  });

  test("guards are awaited one after the other, in order, before the handler runs", async () => {
    const guard = (name: string) => async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setImmediate(resolve));
      log.push(`${name} done`);
      return true;
    };
    const { open } = await start({
      guards: { ...noGuards, third: guard("third"), second: guard("second"), first: guard("first") },
    });
    await events(open("/api/auth/guarded"), 1);
    expect(log).toEqual([
      "first begins",
      "first done",
      "second begins",
      "second done",
      "third begins",
      "third done",
      "handler",
    ]);
  });

  test("an async guard that resolves to false refuses: 401 where nobody is signed in, else 403", async () => {
    const { ask } = await start({
      guards: { ...noGuards, second: async () => false, third: () => void log.push("third") },
    });
    expect((await ask("/api/auth/guarded")).status).toBe(401);
    expect((await ask(as(7, "/api/auth/guarded"))).status).toBe(403);
    expect(log).toEqual([]);
  });

  test("what a guard throws keeps its status, and a rejection counts as a throw", async () => {
    const { ask } = await start({
      guards: {
        ...noGuards,
        first: async (ctx: Context) => {
          if (ctx.request.headers["x-user"] === "1")
            throw Object.assign(new Error("Pay first."), { statusCode: 402 });
          throw new Error("secret of the guard");
        },
      },
    });
    expect(await ask(as(1, "/api/auth/guarded"))).toMatchObject({
      status: 402,
      body: { message: "Pay first." },
    });
    const { status, text } = await ask(as(2, "/api/auth/guarded"));
    expect(status).toBe(500);
    expect(text).not.toContain("secret");
    expect(log).toEqual([]);
  });

  test("F21: a guard sees the user and the parameters as parsed, so that each room has its own members", async () => {
    const { open, ask } = await start({
      guards: { ...noGuards, member: (ctx: any) => ctx.user.id === ctx.params.room },
    });
    expect((await head(open(as(7, "/api/auth/room?room=7")))).status).toBe(200);
    expect((await ask(as(7, "/api/auth/room?room=8"))).status).toBe(403);
    expect((await ask("/api/auth/room?room=8")).status).toBe(401);
    expect(log).toContain("handler 7");
    expect(log).not.toContain("handler 8");
  });

  test("F21: what one connection publishes reaches that connection alone", async () => {
    const { open } = await start();
    const clients = Array.from({ length: 30 }, (_, index) => open(as(index + 1, "/api/auth/open")));
    await Promise.all(clients.map((client) => events(client, 1)));
    expect(clients.map((client) => client.stream.dataOf("tick"))).toEqual(
      clients.map((_, index) => [index + 1]),
    );
  });

  test("F23: authenticate is asked again at every connection, with that request's own headers", async () => {
    const valid = new Set(["a"]);
    const { open, ask } = await start({
      authenticate: (request: any) => (valid.has(request.headers.authorization) ? { id: 1 } : null),
    });
    const request = (authorization: string) => ({ path: "/api/auth/mine", headers: { authorization } });
    await events(open(request("a")), 1);
    valid.clear();
    valid.add("b");
    expect((await ask(request("a"))).status).toBe(401);
    await events(open(request("b")), 1);
  });

  test("a sign-in that has already expired is 401 and runs no handler", async () => {
    for (const expiresAt of [Date.now() - 1_000, new Date(Date.now() - 1_000)]) {
      const { ask } = await start({ authenticate: () => ({ user: { id: 7 }, expiresAt }) });
      expect((await ask("/api/auth/open")).status).toBe(401);
      expect(log).toEqual([]);
    }
  });

  test("F22: the stream is closed without end when the sign-in expires, and the signal says expired", async () => {
    for (const form of [(ms: number) => ms, (ms: number) => new Date(ms)]) {
      log = [];
      const { app, open } = await start({
        authenticate: () => ({ user: { id: 7, name: "Ann" }, expiresAt: form(Date.now() + 1_000) }),
      });
      const client = open("/api/auth/mine");
      expect(await events(client, 1)).toEqual([7]);
      await over(client);
      expect(client.stream.names).toEqual(["tick"]);
      await waitFor(() => log.includes("finally"), { what: "finally" });
      expect(log).toContain("aborted: expired");
      expect(app.streams.list()).toEqual([]);
    }
  });

  test("an expiry far ahead closes nothing", async () => {
    const { app, open } = await start({
      authenticate: () => ({ user: { id: 7 }, expiresAt: Date.now() + 400 * 24 * 3_600_000 }),
    });
    const client = open("/api/auth/mine");
    await events(client, 1);
    await events(open("/api/auth/mine"), 1);
    expect(client.over).toBe(false);
    expect(app.streams.list()).toHaveLength(2);
  });

  test("what authenticate throws keeps its status", async () => {
    const { ask } = await start({
      authenticate: async () => {
        throw Object.assign(new Error("Bad token."), { statusCode: 401 });
      },
    });
    expect(await ask("/api/auth/open")).toMatchObject({ status: 401, body: { message: "Bad token." } });
  });

  test("app.streams lists what is open: endpoint, user, since when, events, bytes", async () => {
    const { app, open } = await start();
    expect(app.streams.list()).toEqual([]);
    const from = Date.now();
    const client = open(as(7, "/api/auth/open"));
    await events(client, 1);
    open("/api/auth/open");
    await waitFor(() => app.streams.list().length === 2, { what: "two streams" });
    const entry: any = app.streams.list().find((each: any) => each.user?.id === 7);
    expect(entry.endpoint).toContain("open");
    expect(entry.events).toBe(1);
    expect(entry.bytes).toBeGreaterThan(0);
    expect(entry.bufferedBytes).toBe(0);
    expect(Number(new Date(entry.openedAt))).toBeGreaterThanOrEqual(from);
    expect(Number(new Date(entry.openedAt))).toBeLessThanOrEqual(Date.now());
    expect(new Set(app.streams.list().map((each) => each.id)).size).toBe(2);
  });

  test("F22: app.streams.close ends a user's streams without end, and only those", async () => {
    const { app, open } = await start();
    const mine = [open(as(7, "/api/auth/open")), open(as(7, "/api/auth/mine"))];
    const other = open(as(8, "/api/auth/open"));
    await Promise.all([...mine, other].map((client) => events(client, 1)));
    expect(app.streams.close({ user: 7 })).toBe(2);
    for (const client of mine) expect((await over(client)).stream.names).toEqual(["tick"]);
    await waitFor(() => log.filter((line) => line === "finally").length === 2, {
      what: "both finally blocks",
    });
    expect(log.filter((line) => line === "aborted: closed")).toHaveLength(2);
    expect(other.over).toBe(false);
    expect(app.streams.list().map((entry: any) => entry.user.id)).toEqual([8]);
    expect(app.streams.close({ user: 7 })).toBe(0);
  });

  test("app.streams.close takes an endpoint, an id or a predicate, too", async () => {
    const { app, open } = await start();
    const clients = [1, 2, 3, 4].map((id) => open(as(id, id === 1 ? "/api/auth/mine" : "/api/auth/open")));
    await Promise.all(clients.map((client) => events(client, 1)));
    const of = (id: number): any => app.streams.list().find((entry: any) => entry.user.id === id);
    expect(app.streams.close({ endpoint: of(1).endpoint })).toBe(1);
    await over(clients[0]!);
    expect(app.streams.close({ id: of(2).id })).toBe(1);
    await over(clients[1]!);
    expect(app.streams.close((entry: any) => entry.user.id === 3)).toBe(1);
    await over(clients[2]!);
    expect(clients[3]!.over).toBe(false);
    expect(app.streams.list()).toHaveLength(1);
  });

  test("a filter that says nothing is a mistake and closes nothing", async () => {
    const { app, open } = await start();
    const client = open(as(7, "/api/auth/open"));
    await events(client, 1);
    expect(() => app.streams.close({} as any)).toThrow(TypeError);
    expect(() => app.streams.close({ user: undefined } as any)).toThrow(TypeError);
    expect(client.over).toBe(false);
  });

  test("a reconnect after the sign-in was taken away is refused", async () => {
    const banned = new Set<number>();
    const { app, open, ask } = await start({
      authenticate: (request: any) => {
        const user = byHeader(request);
        return user && !banned.has(user.id) ? user : null;
      },
    });
    const client = open(as(7, "/api/auth/mine"));
    await events(client, 1);
    banned.add(7);
    app.streams.close({ user: 7 });
    await over(client);
    expect((await ask(as(7, "/api/auth/mine"))).status).toBe(401);
  });
});
