// The browser's own EventSource, in a page of another origin.
import cors from "@fastify/cors";
import Fastify from "fastify";
import { BaseModel, stream, z, type Context } from "pinestream";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { http1 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let runs: (string | undefined)[] = [];
let log: string[] = [];
beforeEach(() => {
  runs = [];
  log = [];
});

class BrowserModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.string() }), params: z.object({}), retry: 20 })
  async *finishing(ctx: Context) {
    runs.push(ctx.lastEventId);
    yield ["tick", "one\r\n\0\u2028€😀"];
    yield { event: "tick", data: "two", id: "second" };
  }

  @stream({ type: "sse", events: z.object({ tick: z.string() }), params: z.object({}), retry: 20 })
  async *breaking(ctx: Context) {
    runs.push(ctx.lastEventId);
    yield { event: "tick", data: String(runs.length), id: `run-${runs.length}` };
    await new Promise((resolve) => setImmediate(resolve));
    if (runs.length < 3) throw new Error("breaks off");
  }

  @stream({ type: "sse", events: z.object({ tick: z.string() }), params: z.object({}) })
  async *staying(ctx: Context) {
    try {
      yield ["tick", String((ctx.request.headers.cookie ?? "").includes("signed=in"))];
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    } finally {
      log.push(`finally: ${ctx.signal.reason}`);
    }
  }
}

describe.skipIf(!chromium.present)("Chromium's EventSource", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  /** Opens a page of an origin of its own and a server that allows that origin. */
  const open = async () => {
    const site = Fastify();
    site.get("/", async (_request, reply) => {
      reply.type("text/html").header("set-cookie", "signed=in; Path=/");
      return "<!doctype html><title>page</title>";
    });
    await site.listen({ port: 0, host: "127.0.0.1" });
    onTestFinished(async () => await site.close());
    const origin = `http://127.0.0.1:${(site.server.address() as any).port}`;
    const served = await http1.serve({ models: [BrowserModel] }, (app) =>
      app.register(cors as any, { origin, credentials: true }),
    );
    const page = await browser.newPage();
    onTestFinished(async () => await page.close());
    await page.goto(origin);
    return { page, url: `http://127.0.0.1:${served.port}/api/browser`, ...served };
  };

  /** Connects in the page and keeps what is dispatched in `window.seen`. */
  const connect = (page: Page, url: string, init: object = {}) =>
    page.evaluate(
      ([url, init]) => {
        const source = new (globalThis as any).EventSource(url, init);
        Object.assign(globalThis, { source, seen: [] });
        for (const name of ["open", "error", "tick", "end"]) {
          source.addEventListener(name, (event: any) => {
            (globalThis as any).seen.push(
              event.data === undefined ? `${name} ${source.readyState}` : `${name} ${event.data}`,
            );
          });
        }
      },
      [url, init] as const,
    );
  const seen = (page: Page): Promise<string[]> => page.evaluate(() => (globalThis as any).seen);
  const state = (page: Page): Promise<number> => page.evaluate(() => (globalThis as any).source.readyState);

  test("F13: takes every event and the end, reconnects once, gets 204 and stays closed", async () => {
    const { page, url } = await open();
    const statuses: number[] = [];
    page.on("response", (response) => statuses.push(response.status()));
    await connect(page, `${url}/finishing`);
    await waitFor(async () => (await state(page)) === 2, { what: "CLOSED" });
    expect(await seen(page)).toEqual([
      "open 1",
      'tick "one\\r\\n\\u0000\u2028€😀"',
      'tick "two"',
      "end END",
      "error 0",
      "error 2",
    ]);
    expect(statuses).toEqual([200, 204]);
    expect(runs).toEqual([undefined]);
  });

  test("reconnects after a break with Last-Event-ID, without a preflight", async () => {
    const { app, page, url } = await open();
    const methods: string[] = [];
    app.server.on("request", (request) => methods.push(request.method!));
    await connect(page, `${url}/breaking`);
    await waitFor(async () => (await state(page)) === 2, { what: "CLOSED" });
    expect(runs).toEqual([undefined, "run-1", "run-2"]);
    expect((await seen(page)).filter((line) => line.startsWith("tick"))).toEqual([
      'tick "1"',
      'tick "2"',
      'tick "3"',
    ]);
    expect(new Set(methods)).toEqual(new Set(["GET"]));
  });

  test("connects across origins with credentials", async () => {
    const { page, url } = await open();
    await connect(page, `${url}/staying`, { withCredentials: true });
    await waitFor(async () => (await seen(page)).length >= 2, { what: "the first event" });
    expect(await seen(page)).toEqual(["open 1", 'tick "true"']);
  });

  for (const way of ["close", "navigate", "close the page"] as const) {
    test(`F1: the server notices: ${way}`, async () => {
      const { app, page, url } = await open();
      await connect(page, `${url}/staying`);
      await waitFor(async () => (await seen(page)).length >= 2, { what: "the first event" });
      if (way === "close") await page.evaluate(() => (globalThis as any).source.close());
      else if (way === "navigate") await page.goto("about:blank");
      else await page.close();
      await waitFor(() => log.length > 0, { what: "the handler's finally" });
      expect(log).toEqual(["finally: client"]);
      await waitFor(() => app.streams.list().length === 0, { what: "no stream" });
    });
  }
});
