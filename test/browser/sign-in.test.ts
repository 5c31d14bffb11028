// How docs/auth.md says that a page of another origin signs in: the client in Chromium, by token and by cookie.
import cors from "@fastify/cors";
import Fastify from "fastify";
import { BaseModel, stream, z, type Context } from "pinestream";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { http1 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

/** What the page has seen of its stream. */
interface Seen {
  data: string[];
  statuses: string[];
  errorStatus?: number;
}

let runs: { user: unknown; lastEventId: string | undefined; reason?: unknown }[] = [];
beforeEach(() => (runs = []));

class PilotModel extends BaseModel {
  @stream({
    type: "sse",
    events: z.object({ call: z.string() }),
    params: z.object({}),
    guards: ["user"],
    retry: 1,
  })
  async *streamCalls(ctx: Context) {
    const run: (typeof runs)[number] = { user: ctx.user, lastEventId: ctx.lastEventId };
    runs.push(run);
    const sse = ctx.createSSE();
    sse.publish("call", `call ${runs.length}`, { id: `id-${runs.length}` });
    ctx.signal.addEventListener("abort", () => (run.reason = ctx.signal.reason));
    while (!sse.closed) await sse.sleep(60_000);
  }
}

describe.skipIf(!chromium.present)("a page of another origin", () => {
  let browser: Browser;
  let script: string;
  beforeAll(async () => {
    [browser, { code: script }] = await Promise.all([
      launchChromium(),
      bundleForBrowsers("src/client/index.ts", "iife"),
    ]);
  });
  afterAll(async () => await browser?.close());

  /** Opens the stream in a page; `tokens` are given one after another, the last one for ever. */
  const start = async (authenticate: unknown, client: { credentials?: string; tokens?: string[] }) => {
    const site = Fastify();
    site.get("/", async (_request, reply) =>
      reply
        .type("text/html")
        .header("set-cookie", "session=ida; Path=/; HttpOnly; SameSite=Lax")
        .send("<!doctype html>"),
    );
    await site.listen({ port: 0, host: "127.0.0.1" });
    onTestFinished(async () => await site.close());
    const origin = `http://127.0.0.1:${(site.server.address() as { port: number }).port}`;
    const methods: string[] = [];
    const { app, port } = await http1.serve({ models: [PilotModel], authenticate } as never, async (app) => {
      app.server.on("request", ({ method }) => methods.push(method!));
      await app.register(cors as any, {
        origin: [origin],
        credentials: true,
        allowedHeaders: ["authorization", "content-type", "last-event-id"],
        exposedHeaders: ["retry-after"],
      });
    });
    const page = await browser.newPage();
    onTestFinished(async () => await page.close());
    await page.goto(origin);
    await page.addScriptTag({ content: script });
    await page.evaluate(
      ({ baseUrl, credentials, tokens = [] }) => {
        const path = "/pilot/streamCalls";
        const api = (globalThis as any).bundle.createClient(
          { pilot: { streamCalls: { kind: "stream", method: "GET", path } } },
          {
            baseUrl,
            credentials,
            retry: { interval: 5, maxInterval: 20 },
            headers: async () => {
              const token = tokens.length > 1 ? tokens.shift() : tokens[0];
              return { authorization: token && `Bearer ${token}` };
            },
          },
        );
        const seen: Seen = { data: [], statuses: [] };
        const calls = api.pilot.streamCalls();
        calls.onStatus((status: string) => {
          seen.statuses.push(status);
          seen.errorStatus = calls.error?.status;
        });
        calls.on("call", (data: string) => seen.data.push(data));
        Object.assign(globalThis, { seen });
      },
      { baseUrl: `http://127.0.0.1:${port}`, ...client },
    );
    return { app, methods, seen: (): Promise<Seen> => page.evaluate(() => (globalThis as any).seen) };
  };

  test("goes on with a fresh token when the one before expires, and fails when none is taken any more", async () => {
    const authenticate = ({ headers }: { headers: Record<string, string> }) => {
      if (headers.authorization === "Bearer short") return { user: { id: 1 }, expiresAt: Date.now() + 300 };
      return headers.authorization === "Bearer long" ? { id: 1 } : null;
    };
    const { app, methods, seen } = await start(authenticate, { tokens: ["short", "long", "refused"] });
    await waitFor(async () => (await seen()).data.length === 2, { what: "an event after the expiry" });
    expect(runs).toEqual([
      { user: { id: 1 }, lastEventId: undefined, reason: "expired" },
      { user: { id: 1 }, lastEventId: "id-1" },
    ]);
    expect(methods).toContain("OPTIONS");
    expect(app.streams.close({ user: 1 })).toBe(1);
    await waitFor(async () => (await seen()).statuses.at(-1) === "failed", { what: "the refusal" });
    expect((await seen()).errorStatus).toBe(401);
    expect(runs).toHaveLength(2);
  });

  test("sends its cookie where it says so, and is refused without", async () => {
    const authenticate = ({ headers }: { headers: Record<string, string> }) =>
      headers.cookie === "session=ida" ? { id: 1 } : null;
    const { methods, seen } = await start(authenticate, { credentials: "include" });
    await waitFor(async () => (await seen()).data.length === 1, { what: "an event" });
    expect(methods).toEqual(["GET"]);
    const without = await start(authenticate, {});
    await waitFor(async () => (await without.seen()).statuses.at(-1) === "failed", { what: "the refusal" });
    expect((await without.seen()).errorStatus).toBe(401);
    expect(runs).toHaveLength(1);
  });
});
