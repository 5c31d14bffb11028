import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { events, over } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { turns, waitFor } from "../helpers/wait-for.ts";

let run: (ctx: Context) => AsyncGenerator<any>;
let log: string[] = [];
/** The most that ever waited for a flooded client. */
let peak = 0;
beforeEach(() => {
  log = [];
  peak = 0;
});

const blobs = z.object({ blob: z.string(), tick: z.number() });

class SlowModel extends BaseModel {
  @stream({ type: "sse", events: blobs, params: z.object({}) })
  async *go(ctx: Context) {
    ctx.signal.addEventListener("abort", () => log.push(`aborted: ${ctx.signal.reason}`));
    try {
      yield* run(ctx);
    } finally {
      log.push("finally");
    }
  }

  @stream({ type: "sse", events: blobs, params: z.object({}), overflow: "drop" })
  async *dropping(ctx: Context) {
    yield* run(ctx);
  }

  @stream({ type: "sse", events: blobs, params: z.object({}) })
  async *ticking(ctx: Context) {
    const sse = ctx.createSSE();
    for (let tick = 0; ; tick++) {
      sse.publish("tick", tick);
      await sse.sleep(1);
    }
  }
}

const KB = 1024;
const blob = "x".repeat(64 * KB);
const seen = (what: string, boundMs = 10_000) =>
  waitFor(() => log.includes(what), { boundMs, what: () => `${what}; log: ${log.slice(-20)}` });

/** Publishes without ever waiting for the client, as fast as turns go. */
const flood = async function* (ctx: Context) {
  const sse = ctx.createSSE();
  for (let each = 0; !ctx.signal.aborted; each++) {
    sse.publish("blob", `${each}:${blob}`);
    peak = Math.max(peak, sse.bufferedBytes);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

describeTransports("a client slower than its stream", ({ serve }) => {
  test("F8: is disconnected once more than maxBufferedBytes wait for it", async () => {
    run = flood;
    const most = 512 * KB;
    const { app, open } = await serve({ models: [SlowModel], maxBufferedBytes: most });
    const client = open({ path: "/api/slow/go", stalled: true });
    await seen("finally");
    expect(log).toContain("aborted: overflow");
    expect(peak).toBeGreaterThan(most / 2);
    expect(peak).toBeLessThanOrEqual(most);
    client.resume();
    await over(client);
    expect(client.stream.names).not.toContain("end");
    expect(app.streams.list()).toEqual([]);
  });

  test("the default bound is 1 MiB", async () => {
    run = flood;
    const { open } = await serve({ models: [SlowModel] });
    open({ path: "/api/slow/go", stalled: true });
    await seen("finally");
    expect(log).toContain("aborted: overflow");
    expect(peak).toBeLessThanOrEqual(1024 * KB);
    expect(peak).toBeGreaterThan(512 * KB);
  });

  test("F7: does not hold up the others, while it waits and when it is disconnected", async () => {
    run = flood;
    const { open } = await serve({ models: [SlowModel], maxBufferedBytes: 256 * KB });
    const other = open("/api/slow/ticking");
    await events(other, 3);
    open({ path: "/api/slow/go", stalled: true });
    await seen("aborted: overflow");
    const before = other.stream.events.length;
    await events(other, before + 20);
    const ticks = other.stream.dataOf("tick");
    expect(ticks).toEqual(ticks.map((_, index) => index));
  });

  test('with overflow "drop" it loses the oldest events that wait, keeps the newest, and stays connected', async () => {
    const stop = gate();
    const published = gate<number>();
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      let each = 0;
      const state = { stopped: false };
      void stop.promise.then(() => (state.stopped = true));
      while (!state.stopped) {
        sse.publish("blob", `${each++}:${blob}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
      published.open(each);
      await sse.sleep(60_000);
    };
    const most = 512 * KB;
    const { app, open } = await serve({ models: [SlowModel], maxBufferedBytes: most });
    const client = open({ path: "/api/slow/dropping", stalled: true });
    let rounds = 0;
    await waitFor(
      () => {
        const [entry] = app.streams.list();
        if (entry) {
          peak = Math.max(peak, entry.bufferedBytes);
          // `events` counts what was published or sent; far more than every buffer holds is enough either way.
          if (entry.bufferedBytes > most / 2) rounds++;
        }
        return rounds > 50;
      },
      { what: "a buffer that stays full" },
    );
    stop.open();
    const count = await published.promise;
    client.resume();
    await waitFor(
      () =>
        client.stream
          .dataOf("blob")
          .at(-1)
          ?.startsWith(`${count - 1}:`),
      { what: "the newest event" },
    );
    const numbers = client.stream.dataOf("blob").map((text: string) => Number(text.split(":")[0]));
    expect(numbers[0]).toBe(0);
    expect(numbers).toEqual(numbers.toSorted((a: number, b: number) => a - b));
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.length).toBeLessThan(count);
    expect(peak).toBeLessThanOrEqual(most);
    expect(client.over).toBe(false);
    expect(app.streams.list()).toHaveLength(1);
  });

  test("an event larger than maxBufferedBytes is taken when nothing else waits, as the first event, too", async () => {
    const results: unknown[] = [];
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      for (let each = 0; each < 3; each++) {
        results.push(sse.publish("blob", blob.repeat(4)));
        await waitFor(() => sse.bufferedBytes === 0, { what: "an empty buffer" });
      }
    };
    const { open } = await serve({ models: [SlowModel], maxBufferedBytes: 16 * KB });
    const client = await over(open("/api/slow/go"));
    expect(results).toEqual([true, true, true]);
    expect(client.stream.names).toEqual(["blob", "blob", "blob", "end"]);
    expect(client.stream.dataOf("blob").every((text) => text === blob.repeat(4))).toBe(true);
  });

  test("F5: that makes no progress for stallTimeout is disconnected, though it is within its bound", async () => {
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      for (let each = 0; !ctx.signal.aborted; each++) {
        yield ["blob", blob];
      }
      void sse;
    };
    const { app, open } = await serve({ models: [SlowModel], stallTimeout: 200 });
    open({ path: "/api/slow/go", stalled: true });
    await seen("aborted: stalled");
    await seen("finally");
    expect(app.streams.list()).toEqual([]);
  });

  test("F5: that takes nothing is disconnected though small events go on being published to it", async () => {
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      const isStuck = async () => {
        for (let check = 0; check < 20 && sse.bufferedBytes > 0; check++) {
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
        return sse.bufferedBytes > 0;
      };
      // Fills what the kernel and the flow control take, and then adds a few bytes at a time.
      while (!(await isStuck()) && !ctx.signal.aborted) sse.publish("blob", "x".repeat(4 * KB));
      while (!ctx.signal.aborted) {
        sse.publish("tick", 1);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };
    const { open } = await serve({ models: [SlowModel], stallTimeout: 300 });
    open({ path: "/api/slow/go", stalled: true });
    await seen("finally");
    expect(log).toContain("aborted: stalled");
  });

  test("one that reads again within stallTimeout, however slowly, goes on", async () => {
    const count = 60;
    run = async function* (ctx) {
      ctx.createSSE();
      for (let each = 0; each < count; each++) yield ["blob", blob];
    };
    const { open } = await serve({ models: [SlowModel], stallTimeout: 2_000 });
    const client = open("/api/slow/go");
    while (client.stream.names.at(-1) !== "end") {
      const before = client.body.length;
      client.stall();
      await turns(10);
      client.resume();
      await waitFor(() => client.body.length > before || client.stream.names.at(-1) === "end", {
        what: "further bytes",
      });
    }
    expect(client.stream.dataOf("blob")).toHaveLength(count);
    expect(log).toEqual(["finally", "aborted: ended"]);
  });

  test("an idle stream is no stall", async () => {
    const held = gate();
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      sse.publish("tick", 1);
      await held.promise;
      sse.publish("tick", 2);
    };
    const { open } = await serve({ models: [SlowModel], stallTimeout: 50 });
    const client = open("/api/slow/go");
    const stuck = open("/api/slow/ticking");
    await events(client, 1);
    // By the time that the other stream has shown 200 ticks of a millisecond, the timeout has long passed.
    await events(stuck, 200);
    held.open();
    expect(await events(client, 3)).toEqual([1, 2, "END"]);
  });

  test("yield waits: the generator is resumed only when the client can take more", async () => {
    let yielded = 0;
    run = async function* (ctx) {
      ctx.createSSE();
      for (; yielded < 200;) {
        yielded++;
        yield ["blob", blob];
      }
    };
    const { app, open } = await serve({ models: [SlowModel] });
    const client = open({ path: "/api/slow/go", stalled: true });
    await waitFor(() => (app.streams.list()[0]?.bufferedBytes ?? 0) > 0, { what: "a full buffer" });
    // Stands still: the count is the same after many turns.
    await waitFor(
      async () => {
        const before = yielded;
        await turns(200);
        return yielded === before;
      },
      { what: "a generator that waits" },
    );
    expect(yielded).toBeLessThan(200);
    expect(app.streams.list()[0]!.bufferedBytes).toBeLessThanOrEqual(1024 * KB);
    client.resume();
    await over(client);
    expect(client.stream.dataOf("blob")).toHaveLength(200);
    expect(client.stream.names.at(-1)).toBe("end");
  });

  test("F9: no event is doubled or lost around full and drained buffers", async () => {
    const count = 400;
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      for (let each = 0; each < count; each++) {
        sse.publish("blob", `${each}:${"y".repeat((each * 977) % 30_000)}`);
        if (sse.bufferedBytes > 256 * KB) await sse.flush();
      }
    };
    const { open } = await serve({ models: [SlowModel] });
    const client = open({ path: "/api/slow/go", stalled: true });
    await turns(50);
    for (let round = 0; !client.over; round++) {
      client.resume();
      await turns(3);
      if (round % 2 && client.stream.names.at(-1) !== "end") client.stall();
      await turns(1);
      client.resume();
      if (client.stream.names.at(-1) === "end") break;
    }
    await over(client);
    expect(client.stream.dataOf("blob").map((text: string) => Number(text.split(":")[0]))).toEqual(
      Array.from({ length: count }, (_, index) => index),
    );
  });

  for (const way of ["leave", "reset"] as const) {
    test(`F6: a flush that waits for drain settles when the client leaves (${way})`, async () => {
      run = async function* (ctx) {
        const sse = ctx.createSSE();
        while (sse.bufferedBytes < 512 * KB) {
          sse.publish("blob", blob);
          await new Promise((resolve) => setImmediate(resolve));
        }
        log.push("full");
        await sse.flush();
        log.push("flushed");
      };
      const { open } = await serve({ models: [SlowModel] });
      const client = open({ path: "/api/slow/go", stalled: true });
      await seen("full");
      expect(log).not.toContain("flushed");
      client[way]();
      await seen("flushed");
      await seen("finally");
    });

    test(`F6: an end that waits for drain settles when the client leaves (${way})`, async () => {
      run = async function* (ctx) {
        const sse = ctx.createSSE();
        while (sse.bufferedBytes < 512 * KB) {
          sse.publish("blob", blob);
          await new Promise((resolve) => setImmediate(resolve));
        }
        log.push("full");
        await sse.end();
        log.push("ended");
      };
      const { app, open } = await serve({ models: [SlowModel] });
      const client = open({ path: "/api/slow/go", stalled: true });
      await seen("full");
      await turns(20);
      expect(log).not.toContain("ended");
      client[way]();
      await seen("ended");
      await seen("finally");
      await waitFor(() => app.streams.list().length === 0, { what: "the end of the stream's entry" });
    });
  }

  test("bufferedBytes is 0 on a stream whose client keeps up, and flush then resolves at once", async () => {
    run = async function* (ctx) {
      const sse = ctx.createSSE();
      sse.publish("tick", 1);
      await sse.flush();
      await waitFor(() => sse.bufferedBytes === 0, { what: "an empty buffer" });
      await sse.flush();
      log.push("flushed");
    };
    const { open } = await serve({ models: [SlowModel] });
    await over(open("/api/slow/go"));
    expect(log).toContain("flushed");
  });
});
