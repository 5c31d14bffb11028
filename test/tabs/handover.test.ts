// The tab that has the connection goes: closed, sent elsewhere, crashed, frozen. Nobody else loses, doubles or reorders
// anything.
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { plain } from "../client/misbehaving-server.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { createRandom } from "../helpers/random.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { startLogServer } from "./log-server.ts";
import { HarbourServer, openTab, openTabs, type Tab } from "./tabs.ts";

// Pages take their time to open where the machine has much to do.
describe.skipIf(!chromium.present)("when the tab that has the connection goes", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  const start = async (count: number) => {
    const harbour = await HarbourServer.start();
    const tabs = await openTabs(browser, harbour.page, count);
    return { harbour, tabs: tabs as [Tab, Tab, Tab, ...Tab[]] };
  };

  /** Opens `/s` in one tab after the other, so that the first has the connection. */
  const openAll = async (tabs: Tab[]) => {
    for (const tab of tabs) {
      await tab.open("/s");
      await tab.reaches("open");
    }
  };

  test.each(["closes", "goes elsewhere"])("because it %s, the others go on without noticing", async (how) => {
    const { harbour, tabs } = await start(3);
    await openAll(tabs);
    await (await harbour.stream()).tick(1, 2);
    for (const tab of tabs) await tab.dataOf(2);
    if (how === "closes") await tabs[0].page.close();
    else await tabs[0].page.goto("about:blank");
    const next = await harbour.stream(1);
    expect(harbour.positions).toEqual([undefined, "2"]);
    await next.tick(3);
    for (const tab of tabs.slice(1)) {
      expect(await tab.dataOf(3)).toEqual([1, 2, 3]);
      expect((await tab.read()).statuses).toEqual(["open"]);
    }
    expect(harbour.openStreams).toHaveLength(1);
  });

  test("before the server has answered, the next one asks", async () => {
    const { harbour, tabs } = await start(3);
    harbour.server.script(
      "/s",
      () => {},
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("event: tick\ndata: 1\n\n");
      },
    );
    await tabs[0].open("/s");
    await waitFor(() => harbour.positions.length === 1, { what: "the first request" });
    for (const tab of tabs.slice(1)) await tab.open("/s");
    await tabs[0].page.close();
    for (const tab of tabs.slice(1)) expect(await tab.dataOf(1)).toEqual([1]);
    expect(harbour.positions).toHaveLength(2);
  });

  test("and the next one is refused with its old token, the readers ask with a new one", async () => {
    const { harbour, tabs } = await start(2);
    await openAll(tabs.slice(0, 2));
    await (await harbour.stream()).tick(1);
    for (const tab of tabs.slice(0, 2)) await tab.dataOf(1);
    harbour.server.script("/s", plain(401), plain(401), (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("id: 2\nevent: tick\ndata: 2\n\n");
    });
    await tabs[0].page.close();
    expect(await tabs[1].dataOf(2)).toEqual([1, 2]);
    expect((await tabs[1].read()).statuses).toEqual(["open", "reconnecting", "open"]);
  });

  test("because it is put into the back-forward cache, the others go on, and it catches up afterwards", async () => {
    const browser = await launchChromium({ backForwardCache: true });
    onTestFinished(async () => await browser.close());
    const harbour = await HarbourServer.start();
    const tabs = (await openTabs(browser, harbour.page, 3)) as [Tab, Tab, Tab];
    await openAll(tabs);
    await (await harbour.stream()).tick(1, 2);
    for (const tab of tabs) await tab.dataOf(2);
    await tabs[0].page.goto(`${harbour.page}?elsewhere`);
    const next = await harbour.stream(1);
    await next.tick(3, 4);
    for (const tab of tabs.slice(1)) expect(await tab.dataOf(4)).toEqual([1, 2, 3, 4]);
    // What comes back has no load event.
    await tabs[0].page.evaluate(() => (globalThis as any).history.back()).catch(() => {});
    await waitFor(async () => await tabs[0].page.evaluate(() => "bundle" in globalThis).catch(() => false), {
      what: "the page as it was",
    });
    expect(await tabs[0].dataOf(4)).toEqual([1, 2, 3, 4]);
    await next.tick(5);
    for (const tab of tabs) expect(await tab.dataOf(5)).toEqual([1, 2, 3, 4, 5]);
    expect(harbour.positions).toEqual([undefined, "2"]);
  });

  test("because the browser is about to freeze it, it lets go at once", async () => {
    const { harbour, tabs } = await start(2);
    await openAll(tabs.slice(0, 2));
    await (await harbour.stream()).tick(1);
    for (const tab of tabs.slice(0, 2)) await tab.dataOf(1);
    // Chromium without a window freezes nothing, so that the event is all there is.
    await tabs[0].page.evaluate(() => (globalThis as any).document.dispatchEvent(new Event("freeze")));
    await (await harbour.stream(1)).tick(2);
    for (const tab of tabs.slice(0, 2)) expect(await tab.dataOf(2)).toEqual([1, 2]);
    expect((await tabs[1].read()).statuses).toEqual(["open"]);
    expect(harbour.positions).toEqual([undefined, "1"]);
  });

  describe("from a server of pinestream, under load", () => {
    /** Takes a tab away, in one of the ways in which tabs go. */
    const WAYS: Record<string, (tab: Tab) => Promise<unknown>> = {
      close: async ({ page }) => await page.close(),
      navigate: async ({ page }) => await page.goto("about:blank"),
      reload: async ({ page }) => await page.reload(),
      crash: async ({ page }) => {
        const crash = page.waitForEvent("crash");
        void page.goto("chrome://crash").catch(() => {});
        await crash;
      },
    };

    test.each([1, 2])("whichever goes, and however: nothing is lost, doubled or reordered (%i)", async () => {
      const seed = Math.floor(Math.random() * 2 ** 32);
      console.log(`seed of the victims: ${seed}`);
      const random = createRandom(seed);
      // Some milliseconds between two, so that tabs come and go in the midst of many.
      const server = await startLogServer({ everyMs: 4, keepAliveMs: 1_000 });
      const context: BrowserContext = await browser.newContext();
      onTestFinished(async () => await context.close());
      let tabs: Tab[] = [];
      const add = async () => {
        const tab = await openTab(context, server.page);
        // Tabs may share a process, and crash together.
        tab.page.on("crash", () => (tabs = tabs.filter((each) => each !== tab)));
        await tab.open("/log/stream");
        tabs.push(tab);
      };
      for (let index = 0; index < 4; index++) await add();
      for (let round = 0; round < 6; round++) {
        await server.allGoOn(tabs);
        const victim = tabs[Math.floor(random() * tabs.length)] as Tab;
        const way = Object.keys(WAYS)[Math.floor(random() * Object.keys(WAYS).length)] as string;
        tabs = tabs.filter((each) => each !== victim);
        await WAYS[way]?.(victim);
        if (way !== "crash") await victim.page.close();
        while (tabs.length < 4) await add();
      }
      // The newest may not have had an event yet; it has no position that it could go on from.
      await server.allGoOn(tabs);
      await server.expectWhole(tabs, seed);
      await server.end(tabs);
    });
  });
});
