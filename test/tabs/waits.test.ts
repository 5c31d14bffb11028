// How long tabs wait. Their clocks are set forward by the tests; beside that time passes as ever.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { open } from "../client/misbehaving-server.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourServer, openTabs, type Tab } from "./tabs.ts";

// Pages take their time to open where the machine has much to do.
describe.skipIf(!chromium.present)("tabs wait", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  const start = async () => {
    const harbour = await HarbourServer.start();
    const tabs = await openTabs(browser, harbour.page, 2, async ({ clock }) => await clock.install());
    // It is the same in all tabs of a context.
    const { clock } = (tabs[0] as Tab).page;
    return { harbour, tabs: tabs as [Tab, Tab], clock };
  };

  /** The reconnection time that the server asks for; what passes of it by itself is little. */
  const RETRY = "retry: 100000\n\n";

  describe("for the reconnection time that the server has sent", () => {
    /** Lets nearly all of it pass, sees that those tabs ask for nothing before, and waits for them to do so after it. */
    const expectToWait = async (harbour: HarbourServer, tabs: Tab[], index = 0) => {
      const count = harbour.positions.length;
      for (const tab of tabs) await tab.reaches("reconnecting", index);
      await tabs[0]?.page.clock.runFor(70_000);
      for (const tab of tabs) await tab.askForPage();
      expect(harbour.positions).toHaveLength(count);
      await tabs[0]?.page.clock.runFor(30_000);
      await waitFor(() => harbour.positions.length > count, { what: "the next request" });
    };

    test.each(["with its first event", "to those who have been reading"])("%s", async (when) => {
      const { harbour, tabs } = await start();
      if (when === "with its first event") {
        harbour.server.script("/s", async (response, server) => {
          await harbour.openStream(response, server);
          response.write(RETRY);
        });
      }
      for (const tab of tabs) await tab.open("/s");
      for (const tab of tabs) await tab.reaches("open");
      const stream = await harbour.stream();
      await stream.tick(1);
      for (const tab of tabs) await tab.dataOf(1);
      if (when !== "with its first event") await stream.write(RETRY);
      await stream.tick(2);
      for (const tab of tabs) await tab.dataOf(2);
      stream.end();
      await expectToWait(harbour, tabs);
    });

    test("to one that has to ask by itself", async () => {
      const { harbour, tabs } = await start();
      const [first, second] = tabs;
      await first.open("/s");
      await (await harbour.stream()).tick(5);
      await first.dataOf(1);
      await second.open({ path: "/s", lastEventId: "1" });
      const own = await harbour.stream(1);
      await own.write(RETRY);
      await own.tick(2);
      await second.dataOf(1);
      own.end();
      await expectToWait(harbour, [second]);
      expect(harbour.positions).toEqual([undefined, "1", "2"]);
    });
  });

  test("no longer than a minute for the first byte after a head, and then ask once for all", async () => {
    const { harbour, tabs, clock } = await start();
    const [first, second] = tabs;
    harbour.server.script(
      "/dead",
      (response) => open(response),
      (response) => open(response, "id: 1\nevent: tick\ndata: 1\n\n"),
    );
    await first.open("/dead");
    await first.reaches("open");
    // The other one comes later, so that it still waits when the first one does no longer.
    await clock.runFor(20_000);
    await second.open("/dead");
    await second.reaches("open");
    await clock.runFor(41_000);
    for (const tab of tabs) expect(await tab.dataOf(1)).toEqual([1]);
    expect((await first.read()).statuses).toEqual(["open", "reconnecting", "open"]);
    expect((await second.read()).statuses).toEqual(["open"]);
    expect(harbour.server.to("/dead")).toHaveLength(2);
  });
});
