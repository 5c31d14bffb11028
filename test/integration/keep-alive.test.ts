import { BaseModel, stream, z, type Context } from "pinestream";
import { expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { activeResources } from "../helpers/leaks.ts";
import { events, head, over } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

const events_ = z.object({ tick: z.number() });
let held = gate();

const idle = async function* (ctx: Context) {
  const sse: any = ctx.createSSE();
  await held.promise;
  sse.publish("tick", 1);
};

class IdleModel extends BaseModel {
  @stream({ type: "sse", events: events_, params: z.object({}) })
  async *plain(ctx: Context) {
    yield* idle(ctx);
  }

  @stream({ type: "sse", events: events_, params: z.object({}), keepAlive: 20 })
  async *quick(ctx: Context) {
    yield* idle(ctx);
  }

  @stream({ type: "sse", events: events_, params: z.object({}), keepAlive: false })
  async *silent(ctx: Context) {
    yield* idle(ctx);
  }

  @stream({ type: "sse", events: events_, params: z.object({}), keepAlive: 150 })
  async *busy(ctx: Context) {
    const sse: any = ctx.createSSE();
    for (let tick = 0; ; tick++) {
      sse.publish("tick", tick);
      await sse.sleep(2);
    }
  }
}

const keepAlives = (client: { stream: { comments: string[] } }) => client.stream.comments.length - 1;

describeTransports("keep-alive", ({ serve }) => {
  test("F24: an idle stream gets comments at its period, which no EventSource takes for events", async () => {
    held = gate();
    const { open } = await serve({ models: [IdleModel] });
    const client = open("/api/idle/quick");
    await waitFor(() => keepAlives(client) >= 5, { what: "five keep-alives" });
    expect(client.stream.events).toEqual([]);
    expect(client.stream.afterOpening).toMatch(/^(:[^\r\n]*\n\n)+$/);
    held.open();
    expect(await events(client, 2)).toEqual([1, "END"]);
  });

  test("F24: the server's keepAlive holds where the endpoint says nothing, and the endpoint's own goes first", async () => {
    held = gate();
    const { open } = await serve({ models: [IdleModel], keepAlive: 20 });
    const [plain, silent] = [open("/api/idle/plain"), await head(open("/api/idle/silent"))];
    await waitFor(() => keepAlives(plain) >= 10, { what: "ten keep-alives" });
    expect(keepAlives(silent)).toBe(0);
    held.open();
    await Promise.all([over(plain), over(silent)]);
  });

  test("keepAlive: false of the server silences all that say nothing themselves", async () => {
    held = gate();
    const { open } = await serve({ models: [IdleModel], keepAlive: false });
    const [plain, quick] = [await head(open("/api/idle/plain")), open("/api/idle/quick")];
    await waitFor(() => keepAlives(quick) >= 10, { what: "ten keep-alives" });
    expect(keepAlives(plain)).toBe(0);
    held.open();
    await Promise.all([over(plain), over(quick)]);
  });

  test("a stream that sends events anyway gets no comments", async () => {
    const { open } = await serve({ models: [IdleModel] });
    const client = open("/api/idle/busy");
    await events(client, 200);
    expect(keepAlives(client)).toBe(0);
  });

  test("F12: one clock serves all connections: their number adds no timers", async () => {
    held = gate();
    const { app, open } = await serve({ models: [IdleModel], keepAlive: 60_000, stallTimeout: 30_000 });
    const timers = () => activeResources()["Timeout"] ?? 0;
    const few = [open("/api/idle/plain"), open("/api/idle/plain")];
    await Promise.all(few.map(head));
    await waitFor(() => app.streams.list().length === 2, { what: "two streams" });
    const before = timers();
    const many = Array.from({ length: 60 }, () => open("/api/idle/plain"));
    await Promise.all(many.map(head));
    await waitFor(() => app.streams.list().length === 62, { what: "62 streams" });
    // Node counts its own timers of sockets and of this test's waits among them; 60 would stand out.
    expect(timers() - before).toBeLessThan(20);
    held.open();
    await Promise.all([...few, ...many].map(over));
  });
});
