import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { events, head, over } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let log: string[] = [];
beforeEach(() => (log = []));

class LimitModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}) })
  async *go(ctx: Context) {
    ctx.signal.addEventListener("abort", () => log.push(String(ctx.signal.reason)));
    ctx.createSSE().publish("tick", 1);
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  }

  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}) })
  async *fails(_ctx: Context) {
    throw Object.assign(new Error("never opens"), { statusCode: 418 });
  }

  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({ at: z.number() }) })
  async *short(_at: number, _ctx: Context) {
    yield ["tick", 1];
  }
}

const PATH = "/api/limit/go";
const byHeader = (request: any) => {
  const id = Number(request.headers["x-user"]);
  return id ? { id } : null;
};
const as = (id: number) => ({ path: PATH, headers: { "x-user": String(id) } });

describeTransports("how many may listen", ({ serve }) => {
  test("F37: beyond maxConnections a stream is refused with 503 and retry-after; nobody is evicted", async () => {
    const { app, open, ask } = await serve({ models: [LimitModel], maxConnections: 3 });
    const clients = [open(PATH), open(PATH), open(PATH)];
    await Promise.all(clients.map((client) => events(client, 1)));
    const { status, headers } = await ask(PATH);
    expect(status).toBe(503);
    expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    expect(clients.some((client) => client.over)).toBe(false);
    expect(app.streams.list()).toHaveLength(3);
  });

  test("F37: beyond maxConnectionsPerClient a user is refused with 429, and others are not", async () => {
    const { app, open, ask } = await serve({
      models: [LimitModel],
      authenticate: byHeader,
      maxConnectionsPerClient: 2,
    });
    const clients = [open(as(7)), open(as(7))];
    await Promise.all(clients.map((client) => events(client, 1)));
    const { status, headers } = await ask(as(7));
    expect(status).toBe(429);
    expect(headers["retry-after"]).toMatch(/^[1-9]\d*$/);
    await events(open(as(8)), 1);
    await events(open(PATH), 1);
    expect(clients.some((client) => client.over)).toBe(false);
    expect(app.streams.list()).toHaveLength(4);
  });

  test("F37: without a user the address counts", async () => {
    const { open, ask } = await serve({ models: [LimitModel], maxConnectionsPerClient: 2 });
    const clients = [open(PATH), open(PATH)];
    await Promise.all(clients.map((client) => events(client, 1)));
    expect((await ask(PATH)).status).toBe(429);
  });

  test("F15: retry-after is jittered, so that the refused do not come back at once", async () => {
    const { open, ask } = await serve({ models: [LimitModel], maxConnections: 1 });
    await events(open(PATH), 1);
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(PATH)));
    expect(new Set(answers.map((each) => each.status))).toEqual(new Set([503]));
    expect(new Set(answers.map((each) => each.headers["retry-after"])).size).toBeGreaterThan(1);
  });

  test("F3: a place is free again whichever way a stream ends", async () => {
    const { app, open, ask } = await serve({
      models: [LimitModel],
      maxConnections: 1,
      maxConnectionsPerClient: 1,
    });
    const endings: (() => Promise<unknown>)[] = [
      async () => {
        const client = open(PATH);
        await events(client, 1);
        client.leave();
      },
      async () => {
        const client = open(PATH);
        await events(client, 1);
        client.reset();
      },
      async () => {
        const client = open(PATH);
        await events(client, 1);
        app.streams.close(() => true);
        await over(client);
      },
      async () => await ask("/api/limit/fails"),
      async () => await ask("/api/limit/short?at=1"),
      async () => await ask("/api/limit/short?at=bad"),
      async () => await ask({ path: PATH, method: "HEAD" }),
    ];
    for (const end of endings) {
      await end();
      await waitFor(() => app.streams.list().length === 0, { what: "no open stream" });
      await waitFor(
        async () => {
          const next = await head(open(PATH));
          if (next.status !== 200) return false;
          await events(next, 1);
          next.leave();
          return true;
        },
        { what: "a stream in the free place" },
      );
      await waitFor(() => app.streams.list().length === 0, { what: "no open stream" });
    }
  });

  test("F37: a hundred attempts at once open as many streams as allowed and not one more", async () => {
    const { app, open } = await serve({ models: [LimitModel], maxConnections: 10 });
    const clients = Array.from({ length: 100 }, () => open(PATH));
    await Promise.all(clients.map((client) => head(client)));
    const statuses = clients.map((client) => client.status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(10);
    expect(statuses.filter((status) => status === 503)).toHaveLength(90);
    expect(app.streams.list()).toHaveLength(10);
  });

  test("F5: maxLifetime closes a stream without end, with the reason lifetime", async () => {
    const { app, open } = await serve({ models: [LimitModel], maxLifetime: 100 });
    const client = await over(open(PATH));
    expect(client.stream.names).toEqual(["tick"]);
    await waitFor(() => log.length > 0, { what: "the abort" });
    expect(log).toEqual(["lifetime"]);
    expect(app.streams.list()).toEqual([]);
  });
});
