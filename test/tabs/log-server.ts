// A server of pinestream with one stream that counts on, for tests in which tabs come, go and stand still meanwhile.
import { setTimeout as delay } from "node:timers/promises";
import { BaseModel, createServer, stream, z, type Context } from "pinestream";
import { expect, onTestFinished } from "vitest";
import { waitFor } from "../helpers/wait-for.ts";
import type { Tab } from "./tabs.ts";

/** Counts on for all, and keeps what was counted. */
class Log {
  readonly #waiting = new Set<() => void>();
  length = 0;
  isStopped = false;

  add(): void {
    this.length++;
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  async more(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", wake);
        resolve();
      };
      this.#waiting.add(wake);
      signal.addEventListener("abort", wake);
    });
  }
}

/** Starts one that counts every so many milliseconds, for the running test; its stream is at `/log/stream`. */
export async function startLogServer({ everyMs, keepAliveMs }: { everyMs: number; keepAliveMs: number }) {
  const log = new Log();
  let open = 0;
  class LogModel extends BaseModel {
    @stream({
      type: "sse",
      events: z.object({ tick: z.number() }),
      params: z.object({}),
      keepAlive: keepAliveMs,
    })
    async *stream(ctx: Context) {
      open++;
      try {
        const sse = ctx.createSSE();
        let position = ctx.lastEventId === undefined ? log.length : Number(ctx.lastEventId);
        while (!sse.closed) {
          while (position < log.length) yield { event: "tick", data: ++position, id: String(position) };
          if (log.isStopped) return;
          await log.more(ctx.signal);
        }
      } finally {
        open--;
      }
    }
  }
  const app = await createServer({ models: [LogModel], prefix: "" });
  app.get("/page", async (_request, reply) => {
    reply.type("text/html");
    return "<!doctype html><title>page</title>";
  });
  // Whoever asks here stands still that long.
  app.get("/hold/:ms", (request) => delay(Number((request.params as { ms: string }).ms), ""));
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as { port: number };
  const timer = setInterval(() => log.add(), everyMs);
  onTestFinished(async () => {
    clearInterval(timer);
    await app.close();
  });
  return {
    page: `http://127.0.0.1:${port}/page`,
    count: () => open,
    /** Waits until all tabs have got what was not counted yet. */
    async allGoOn(tabs: Tab[]): Promise<void> {
      const before = log.length;
      for (const tab of tabs) {
        await waitFor(async () => Number((await tab.last()) ?? 0) > before, { what: "a new event" });
      }
    },
    /** Counts no further, and waits until each tab has got all from its first event on, by one connection. */
    async expectWhole(tabs: Tab[], seed: number): Promise<void> {
      clearInterval(timer);
      for (const tab of tabs) {
        let stuck: unknown;
        await waitFor(
          async () => {
            const { events, ...seen } = await tab.read();
            stuck = { ...seen, last: events.at(-1), tab: tabs.indexOf(tab) };
            return events.at(-1)?.data === log.length;
          },
          { what: () => `event ${log.length}; ${open} connections, seed ${seed}, ${JSON.stringify(stuck)}` },
        );
        const data = (await tab.data()) as number[];
        const first = data[0] as number;
        expect(data, `seed ${seed}`).toEqual(data.map((_, index) => first + index));
      }
      await waitFor(() => open === 1, { what: () => `one connection; there are ${open}, seed ${seed}` });
    },
    /** Ends the stream for good. */
    async end(tabs: Tab[]): Promise<void> {
      log.isStopped = true;
      log.add();
      for (const tab of tabs) await tab.reaches("ended");
      expect(open).toBe(0);
    },
  };
}
