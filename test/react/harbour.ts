// The server that the hooks are tested against, with its page, and what it has seen of them.
import { BaseModel, createServer, stream, z, type Context, type SSEConnection } from "pinestream";
import type { Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { waitFor } from "../helpers/wait-for.ts";
import type * as page from "./page.tsx";
import type { Seen, Spec } from "./page.tsx";

const events = z.object({ tide: z.object({ n: z.number() }), gust: z.object({ knots: z.number() }) });
const params = z.object({ berth: z.number().optional() });

/** A run of a handler. */
interface Run {
  method: string;
  berth: number | undefined;
  lastEventId: string | undefined;
  attempt: string | undefined;
  reason?: unknown;
}

/** How many events a burst has. */
export const BURST = 10_000;

/** A server, and how a test steers it. */
export interface Harbour {
  runs: Run[];
  port: number;
  /** Runs that are not over. */
  open(): Run[];
  /** Publishes to every open stream of that berth. */
  publish(event: "tide" | "gust", data: object, options?: { berth?: number; id?: string }): void;
  /** Ends every open stream. */
  end(): void;
  /** Stops at once, as a crash does. */
  crash(): Promise<void>;
}

/** Starts a server for the running test, which answers `html` at `/`. */
export async function startHarbour(options: { port?: number; html?: string } = {}): Promise<Harbour> {
  const runs: Run[] = [];
  const open = new Map<SSEConnection<any>, Run>();

  class HarbourModel extends BaseModel {
    @stream({ type: "sse", events, params })
    async *streamTides(berth: number | undefined, ctx: Context) {
      const { lastEventId } = ctx;
      const attempt = ctx.headers["x-attempt"] as string | undefined;
      const run: Run = { method: "streamTides", berth, lastEventId, attempt };
      runs.push(run);
      const sse = ctx.createSSE(events);
      open.set(sse, run);
      try {
        while (!sse.closed) await sse.sleep(60_000);
      } finally {
        run.reason = ctx.signal.reason;
        open.delete(sse);
      }
    }

    @stream({ type: "sse", events, params })
    async *streamBurst(berth: number | undefined, ctx: Context) {
      runs.push({ method: "streamBurst", berth, lastEventId: ctx.lastEventId, attempt: undefined });
      const sse = ctx.createSSE(events);
      for (let n = 1; n <= BURST; n++) sse.publish("tide", { n }, { id: String(n) });
      await sse.end();
    }

    @stream({ type: "sse", events, params })
    async *refuse(berth: number | undefined, _ctx: Context) {
      runs.push({ method: "refuse", berth, lastEventId: undefined, attempt: undefined });
      throw Object.assign(new Error("no such berth"), { statusCode: 404 });
    }
  }

  const app = await createServer({ models: [HarbourModel] });
  app.get("/", async (_request, reply) =>
    reply
      .type("text/html")
      .send(`<!doctype html><title>page</title><div id="root">${options.html ?? ""}</div>`),
  );
  await app.listen({ port: options.port ?? 0, host: "127.0.0.1" });
  const close = async () => await app.close();
  onTestFinished(close);
  return {
    runs,
    port: (app.server.address() as { port: number }).port,
    open: () => [...open.values()],
    publish(event, data, { berth, id } = {}) {
      for (const [sse, run] of open) {
        if (berth === undefined || run.berth === berth) sse.publish(event, data as never, id ? { id } : {});
      }
    },
    end() {
      for (const sse of open.keys()) void sse.end();
    },
    async crash() {
      app.server.close();
      app.server.closeAllConnections();
      await close();
    },
  };
}

/** A page with components. */
export class HarbourPage {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async #call<Name extends "render" | "look" | "lookAround" | "text" | "hydrate" | "hydrateIslands">(
    name: Name,
    ...args: Parameters<(typeof page)[Name]>
  ): Promise<Awaited<ReturnType<(typeof page)[Name]>>> {
    return (await this.page.evaluate(([name, args]) => (globalThis as any).bundle[name](...(args as any)), [
      name,
      args,
    ] as const)) as never;
  }

  render = async (specs: Spec[], strict = false) => await this.#call("render", specs, strict);
  hydrate = async (specs: Spec[], strict = false) => await this.#call("hydrate", specs, strict);
  hydrateIslands = async (specs: Spec[]) => await this.#call("hydrateIslands", specs);
  look = async (tag: string) => await this.#call("look", tag);
  lookAround = async () => await this.#call("lookAround");
  text = async () => await this.#call("text");

  /** Waits until the component has seen that, and gives it. */
  async see(tag: string, what: string, condition: (seen: Seen) => unknown): Promise<Seen> {
    let seen: Seen | undefined;
    await waitFor(async () => condition((seen = await this.look(tag))), {
      what: () => `${what}; ${tag} has seen ${JSON.stringify(seen).slice(0, 1000)}`,
    });
    return seen!;
  }
}
