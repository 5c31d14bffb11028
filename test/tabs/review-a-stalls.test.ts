// Tabs that stand still for a while, in turns and together, under load.
import { BaseModel, createServer, stream, z, type Context } from "pinestream";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { openTab, type Tab } from "./tabs.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!chromium.present)("tabs that stand still", { timeout: 170_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  test.each([1, 2])("nothing is lost, doubled or reordered (%i)", async () => {
    let length = 0;
    let open = 0;
    class LogModel extends BaseModel {
      @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}), keepAlive: 1_000 })
      async *stream(ctx: Context) {
        open++;
        try {
          const sse = ctx.createSSE();
          let position = ctx.lastEventId === undefined ? length : Number(ctx.lastEventId);
          while (!sse.closed) {
            while (position < length) yield { event: "tick", data: ++position, id: String(position) };
            await sse.sleep(10);
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
    // oxlint-disable-next-line oxc/no-async-endpoint-handlers -- it is Fastify
    app.get("/hold", async (request) => {
      await pause(Number((request.query as { ms: string }).ms));
      return "";
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as { port: number };
    const timer = setInterval(() => length++, 20);
    onTestFinished(async () => {
      clearInterval(timer);
      await app.close();
    });
    const context = await browser.newContext();
    onTestFinished(async () => await context.close());
    const tabs: Tab[] = [];
    for (let index = 0; index < 4; index++) {
      const tab = await openTab(context, `http://127.0.0.1:${port}/page`);
      await tab.open("/log/stream");
      await tab.dataOf(1);
      tabs.push(tab);
    }
    const hold = async (tab: Tab, ms: number) =>
      await tab.page.evaluate((ms) => {
        const request = new (globalThis as any).XMLHttpRequest();
        request.open("GET", `/hold?ms=${ms}`, false);
        request.send();
      }, ms);
    const until = Date.now() + 50_000;
    await Promise.all(
      [0, 1].map(async () => {
        while (Date.now() < until) {
          const tab = tabs[Math.floor(Math.random() * tabs.length)]!;
          await hold(tab, 500 + Math.random() * 7_000);
          await pause(Math.random() * 1_500);
        }
      }),
    );
    clearInterval(timer);
    for (const [index, tab] of tabs.entries()) {
      await waitFor(async () => (await tab.last()) === length, {
        boundMs: 20_000,
        what: () => `event ${length} in ${index}`,
      }).catch(async (error: Error) => {
        console.log(error.message, await tab.last(), (await tab.read()).statuses.slice(-6), open);
      });
      const data = (await tab.data()) as number[];
      const first = data[0] as number;
      console.log(index, data.length, (await tab.read()).statuses.join(" "));
      expect(data).toEqual(data.map((_, index) => first + index));
      expect(data.at(-1)).toBe(length);
    }
    await pause(3_000);
    expect(open).toBe(1);
  });
});
