// Faults that a review has found in what tabs share.
import { BaseModel, createServer, stream, z, type Context } from "pinestream";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { plain } from "../client/misbehaving-server.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourServer, openTabs, type Tab } from "./tabs.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.skipIf(!chromium.present)("tabs: review", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  const start = async (count: number) => {
    const harbour = await HarbourServer.start();
    const tabs = await openTabs(browser, harbour.page, count);
    return { harbour, tabs: tabs as [Tab, Tab, Tab, ...Tab[]], server: harbour.server };
  };

  test.each([false, undefined])(
    "retry: is waited for by those that are reading when it comes (share %s)",
    async (share) => {
      const { harbour, tabs } = await start(2);
      for (const tab of tabs) {
        await tab.open({ path: "/s", share: share as false });
        await tab.reaches("open");
      }
      const count = harbour.streams.length;
      for (const stream of harbour.openStreams) {
        await stream.tick(1);
      }
      for (const tab of tabs) await tab.dataOf(1);
      for (const stream of harbour.openStreams) await stream.write("retry: 60000\n\n");
      await pause(200);
      for (const stream of harbour.openStreams) stream.end();
      for (const tab of tabs)
        await waitFor(async () => (await tab.read()).statuses.includes("reconnecting"), {
          what: "the break",
        });
      await pause(1_500);
      expect(harbour.streams).toHaveLength(count);
    },
  );

  test("a leader that stood still, and lost its lock, confuses nobody when it goes on", async () => {
    const { harbour, tabs, server } = await start(3);
    await tabs[0].open("/s");
    await tabs[0].reaches("open");
    let letGo = () => {};
    server.script("/hold", async (response) => {
      await new Promise<void>((resolve) => (letGo = resolve));
      response.end();
    });
    const held = tabs[0].page.evaluate(() => {
      const request = new (globalThis as any).XMLHttpRequest();
      request.open("GET", "/hold", false);
      request.send();
    });
    held.catch(() => {});
    onTestFinished(() => letGo());
    await waitFor(() => server.to("/hold").length === 1, { what: "standing still" });
    for (const tab of tabs.slice(1)) await tab.open("/s");
    for (const tab of tabs.slice(1)) await tab.reaches("open");
    const next = await harbour.stream(1);
    await next.tick(1);
    for (const tab of tabs.slice(1)) expect(await tab.dataOf(1)).toEqual([1]);
    letGo();
    await held;
    await pause(1_000);
    await next.tick(2);
    await pause(2_000);
    const seen = await Promise.all(
      tabs.map(async (tab) => ({ data: await tab.data(), statuses: (await tab.read()).statuses })),
    );
    console.log(
      JSON.stringify(seen),
      harbour.positions,
      harbour.streams.map(({ isOpen }) => isOpen),
    );
    expect(seen.slice(1).map(({ data }) => data)).toEqual([
      [1, 2],
      [1, 2],
    ]);
  });

  test.each([false, undefined])(
    "a reader that asks by itself is told what the refusal says (share %s)",
    async (share) => {
      const { tabs, server, harbour } = await start(1);
      await tabs[0].open("/s");
      await tabs[0].reaches("open");
      await (await harbour.stream()).tick(5);
      await tabs[0].dataOf(1);
      server.script(
        "/s",
        plain(403, { "content-type": "application/json" }, JSON.stringify({ message: "not for you" })),
      );
      const index = await tabs[0].open({ path: "/s", lastEventId: "1", share: share as false });
      const { error } = await tabs[0].reaches("failed", index);
      expect(error?.message).toContain("not for you");
    },
  );

  test.each([false, undefined])(
    "in a frame that may not use locks a stream opens all the same (share %s)",
    async (share) => {
      const { tabs, server } = await start(1);
      server.script("/open", (response) => {
        response.writeHead(200, { "content-type": "text/event-stream", "access-control-allow-origin": "*" });
        response.write(": keep-alive 120000\n\nid: 1\nevent: tick\ndata: 1\n\n");
      });
      const { code } = await (
        await import("../client/bundle.ts")
      ).bundleForBrowsers("test/tabs/client-and-tabs.ts", "iife");
      server.script(
        "/frame",
        plain(
          200,
          { "content-type": "text/html" },
          `<!doctype html><title>f</title><script>${code}</script>`,
        ),
      );
      await tabs[0].page.evaluate(() => {
        const { document } = globalThis as any;
        const frame = document.createElement("iframe");
        frame.setAttribute("sandbox", "allow-scripts");
        frame.src = "/frame";
        document.body.append(frame);
      });
      const frame = await waitFor(() => tabs[0].page.frames().find((each) => each.url().endsWith("/frame")), {
        what: "the frame",
      });
      await frame.waitForLoadState();
      const seen = await frame.evaluate(
        async ([origin, isShared]) => {
          const { createClient, sharedFetch } = (globalThis as any).bundle;
          const api = createClient(
            { test: { run: { kind: "stream", method: "GET", path: "/open" } } },
            { baseUrl: origin, prefix: "", fetch: isShared ? sharedFetch({ scope: "x" }) : undefined },
          );
          const stream = api.test.run();
          const data: unknown[] = [];
          stream.on("tick", (each: unknown) => data.push(each));
          await new Promise((resolve) => (globalThis as any).setTimeout(resolve, 12_000));
          return {
            isSecure: (globalThis as any).isSecureContext,
            origin: (globalThis as any).origin,
            status: stream.status,
            data,
            error: String(stream.error),
            locks: await (globalThis as any).navigator.locks?.query().catch(String),
          };
        },
        [server.origin, share !== false] as const,
      );
      console.log(seen, server.to("/open").length);
      expect(seen.data).toEqual([1]);
    },
  );
});

describe.skipIf(!chromium.present)("tabs: review, second part", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  test.each([false, undefined])(
    "an event that is too long fails the stream, and is not asked for for ever (share %s)",
    async (share) => {
      const harbour = await HarbourServer.start();
      const [tab] = (await openTabs(browser, harbour.page, 1)) as [Tab];
      const long = "x".repeat(17 * 1024 * 1024);
      harbour.server.script("/long", (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(
          `: keep-alive 60000\n\nid: 1\nevent: tick\ndata: 1\n\nid: 2\nevent: tick\ndata: "${long}`,
        );
      });
      await tab.open({ path: "/long", share: share as false });
      await pause(6_000);
      const { status, statuses } = await tab.read();
      console.log(status, statuses.length, harbour.server.to("/long").length);
      expect([status, harbour.server.to("/long").length]).toEqual(["failed", 1]);
    },
  );

  test("after a 401 that was for another tab's token, the others share a connection", async () => {
    const harbour = await HarbourServer.start();
    const tabs = await openTabs(browser, harbour.page, 4);
    const { server } = harbour;
    let open = 0;
    let gate = () => {};
    const asked = new Promise<void>((resolve) => (gate = resolve));
    let go = () => {};
    const wait = new Promise<void>((resolve) => (go = resolve));
    const good = (response: any) => {
      open++;
      response.on("close", () => open--);
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": keep-alive 60000\n\nid: 1\nevent: tick\ndata: 1\n\n");
    };
    server.script(
      "/s",
      async (response, server) => {
        gate();
        await wait;
        await plain(401)(response, server);
      },
      good,
    );
    await tabs[0]!.open({ path: "/s", headers: { authorization: "Bearer old" } });
    await asked;
    for (const tab of tabs.slice(1))
      await tab.open({ path: "/s", headers: { authorization: "Bearer good" } });
    await waitFor(async () => (await tabs[0]!.locks()).pending.length === 3, { what: "all tabs" });
    go();
    for (const tab of tabs.slice(1)) await tab.dataOf(1);
    await pause(3_000);
    console.log(
      "open connections",
      open,
      await tabs[0]!.locks(),
      await Promise.all(tabs.map(async (tab) => (await tab.read()).statuses)),
    );
    expect(open).toBe(1);
  });
});

describe.skipIf(!chromium.present)("tabs: review, third part", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  test("a connection that is dead right after its head is given up", async () => {
    const harbour = await HarbourServer.start();
    const tabs = await openTabs(browser, harbour.page, 2);
    harbour.server.script(
      "/dead",
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.flushHeaders();
      },
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write(": keep-alive 60000\n\nid: 1\nevent: tick\ndata: 1\n\n");
      },
    );
    await tabs[0]!.open("/dead");
    await tabs[0]!.reaches("open");
    await pause(2_000);
    await tabs[1]!.open("/dead");
    await tabs[1]!.reaches("open");
    await pause(75_000);
    const seen = await Promise.all(
      tabs.map(async (tab) => ({ data: await tab.data(), statuses: (await tab.read()).statuses })),
    );
    console.log(JSON.stringify(seen), harbour.server.to("/dead").length);
    expect(harbour.server.to("/dead")).toHaveLength(2);
    for (const { data } of seen) expect(data).toEqual([1]);
  });
});

describe.skipIf(!chromium.present)("tabs: review, fourth part", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  test.each([false, undefined])(
    "the reconnection time of the endpoint counts for the first tab, too (share %s)",
    async (share) => {
      class BerthModel extends BaseModel {
        @stream({
          type: "sse",
          events: z.object({ tick: z.number() }),
          params: z.object({}),
          retry: 60_000,
        })
        async *watch(ctx: Context) {
          requests++;
          const sse = ctx.createSSE();
          await sse.sleep(500);
          // Breaks off without an end.
          throw new Error("on purpose");
        }
      }
      let requests = 0;
      const app = await createServer({ models: [BerthModel], prefix: "" });
      app.get(
        "/page",
        (_request, reply) => void reply.type("text/html").send("<!doctype html><title>p</title>"),
      );
      await app.listen({ port: 0, host: "127.0.0.1" });
      onTestFinished(async () => await app.close());
      const { port } = app.server.address() as { port: number };
      const [tab] = (await openTabs(browser, `http://127.0.0.1:${port}/page`, 1)) as [Tab];
      await tab.open({ path: "/berth/watch", share: share as false });
      await tab.reaches("reconnecting");
      await pause(1_500);
      expect(requests).toBe(1);
    },
  );
});
