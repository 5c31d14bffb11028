// A tab stands still for a while without a word, as one whose script runs long or whose machine sleeps, and goes on.
import type { ServerResponse } from "node:http";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { createRandom } from "../helpers/random.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { startLogServer } from "./log-server.ts";
import { HarbourServer, openTabs, type Tab } from "./tabs.ts";

// Pages take their time to open where the machine has much to do.
describe.skipIf(!chromium.present)("when a tab stands still", { timeout: 120_000 }, () => {
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

  /** Opens `/s` in one tab after the other. */
  const openAll = async (tabs: Tab[]) => {
    for (const tab of tabs) {
      await tab.open("/s");
      await tab.reaches("open");
    }
  };

  test("a watchdog notices when the one that has the connection does, and the others go on", async () => {
    const { harbour, tabs } = await start(3);
    const events: string[] = [];
    const open = new Set<ServerResponse>();
    const send = (): void => {
      const event = `id: ${events.length + 1}\nevent: tick\ndata: ${events.length + 1}\n\n`;
      events.push(event);
      for (const response of open) response.write(event);
    };
    harbour.server.script("/s", (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": keep-alive 1000\n\n");
      response.write(events.slice(Number(harbour.positions.at(-1) ?? 0)).join(""));
      const beat = setInterval(() => response.write(":\n\n"), 300);
      open.add(response);
      response.on("close", () => {
        clearInterval(beat);
        open.delete(response);
      });
    });
    await openAll(tabs);
    send();
    for (const tab of tabs) await tab.dataOf(1);
    const before = harbour.positions.length;
    const goOn = await harbour.standStill(tabs[0]);
    await waitFor(() => harbour.positions.length > before, { boundMs: 30_000, what: "the next request" });
    expect(harbour.positions[before]).toBe("1");
    send();
    for (const tab of tabs.slice(1)) expect(await tab.dataOf(2)).toEqual([1, 2]);
    await goOn();
    expect(await tabs[0].dataOf(2)).toEqual([1, 2]);
    send();
    for (const tab of tabs) expect(await tab.dataOf(3)).toEqual([1, 2, 3]);
    await waitFor(() => open.size === 1, { what: "one connection" });
  });

  test("one that goes on after it has lost its lock confuses nobody", async () => {
    const { harbour, tabs } = await start(3);
    const [first, ...others] = tabs;
    await openAll([first]);
    const goOn = await harbour.standStill(first);
    // The next one asks it in vain, and takes its place. It will hear what both have asked when it goes on.
    await openAll(others);
    const next = await harbour.stream(1);
    await next.tick(1);
    for (const tab of others) await tab.dataOf(1);
    await goOn();
    // By then it has said whatever it had to say as the one that has the connection.
    await waitFor(async () => (await first.read()).statuses.join() === "open,reconnecting,open", {
      what: "its return",
    });
    await next.tick(2);
    for (const tab of others) expect(await tab.dataOf(2)).toEqual([1, 2]);
    expect(await first.dataOf(1)).toEqual([2]);
    for (const tab of others) expect((await tab.read()).statuses).toEqual(["open"]);
    expect(harbour.streams).toHaveLength(2);
  });

  test("nothing is lost, doubled or reordered, whichever does and however long, also two at once", async () => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    console.log(`seed of those that stand still: ${seed}`);
    const random = createRandom(seed);
    // Silence is noticed soon, so that a tab that stands still for seconds loses the connection.
    const server = await startLogServer({ everyMs: 20, keepAliveMs: 300 });
    const tabs = await openTabs(browser, server.page, 4);
    for (const tab of tabs) {
      await tab.open("/log/stream");
      await tab.dataOf(1);
    }
    const awake = [...tabs];
    let leftMs = 14_000;
    const standStillInTurn = async (): Promise<void> => {
      while (leftMs > 0) {
        const [tab] = awake.splice(Math.floor(random() * awake.length), 1) as [Tab];
        const ms = 500 + Math.floor(random() * 4_500);
        leftMs -= ms;
        await tab.standStill(`/hold/${ms}`);
        awake.push(tab);
      }
    };
    await Promise.all([standStillInTurn(), standStillInTurn()]);
    await server.expectWhole(tabs, seed);
  });
});
