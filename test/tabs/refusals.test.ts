// What the server or the browser refuses: whom it is for, and who asks again.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { plain } from "../client/misbehaving-server.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { gate } from "../helpers/gate.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourServer, openTab, openTabs, Tab } from "./tabs.ts";

// Pages take their time to open where the machine has much to do.
describe.skipIf(!chromium.present)("refusals, with tabs that share", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  const start = async (count: number) => {
    const harbour = await HarbourServer.start();
    const tabs = await openTabs(browser, harbour.page, count);
    return { harbour, tabs: tabs as [Tab, ...Tab[]], server: harbour.server };
  };

  test("a reader that has to ask by itself is told what the refusal says", async () => {
    const { harbour, tabs, server } = await start(1);
    const [tab] = tabs;
    await tab.open("/s");
    await (await harbour.stream()).tick(5);
    await tab.dataOf(1);
    const body = JSON.stringify({ message: "not for you" });
    server.script("/s", plain(403, { "content-type": "application/json" }, body));
    // Nobody here knows what came after that.
    const index = await tab.open({ path: "/s", lastEventId: "1" });
    const { error } = await tab.reaches("failed", index);
    expect(error).toMatchObject({ code: "PINE_CLIENT_RESPONSE", status: 403 });
    expect(error?.message).toContain("not for you");
    expect(harbour.positions).toEqual([undefined, "1"]);
  });

  test("after a 401 that was for the token of one tab, the others share a connection", async () => {
    const { harbour, tabs, server } = await start(4);
    const [first, ...others] = tabs;
    const answer = gate();
    server.script(
      "/s",
      async (response, server) => {
        await answer.promise;
        await plain(401)(response, server);
      },
      harbour.openStream,
    );
    await first.open({ path: "/s", headers: { authorization: "Bearer old" } });
    await waitFor(() => harbour.positions.length === 1, { what: "the request" });
    for (const tab of others) await tab.open({ path: "/s", headers: { authorization: "Bearer new" } });
    await waitFor(async () => (await first.locks()).pending.length === others.length, { what: "all tabs" });
    answer.open();
    await first.reaches("failed");
    for (const tab of others) await tab.reaches("open");
    await (await harbour.stream()).tick(1);
    for (const tab of others) {
      expect(await tab.dataOf(1)).toEqual([1]);
      expect((await tab.read()).statuses).toEqual(["open"]);
    }
    expect(server.to("/s").map(({ headers }) => headers.authorization)).toEqual(["Bearer old", "Bearer new"]);
  });

  test("an event that is too long to be shared fails the stream in all tabs, and is not asked for again", async () => {
    const { tabs, server } = await start(2);
    const everybody = gate();
    const beyond = "x".repeat(17 * 1024 * 1024);
    server.script("/long", async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(": keep-alive 60000\n\n");
      await everybody.promise;
      response.write(`id: 1\nevent: tick\ndata: 1\n\nid: 2\nevent: tick\ndata: "${beyond}`);
    });
    for (const tab of tabs) await tab.open("/long");
    for (const tab of tabs) await tab.reaches("open");
    everybody.open();
    for (const tab of tabs) {
      const { error, events } = await tab.reaches("failed");
      expect(error).toMatchObject({ code: "PINE_CLIENT_FORMAT" });
      expect(events.map(({ data }) => data)).toEqual([1]);
    }
    expect(server.to("/long")).toHaveLength(1);
  });

  test("in a frame that may not use locks, a stream opens all the same", async () => {
    const { server } = await HarbourServer.start();
    const context = await browser.newContext();
    onTestFinished(async () => await context.close());
    const html = '<!doctype html><title>outer</title><iframe sandbox="allow-scripts" src="/page"></iframe>';
    server.script("/outer", plain(200, { "content-type": "text/html" }, html));
    server.script("/s", (response) => {
      // The frame is of an origin of its own.
      const head = { "content-type": "text/event-stream", "access-control-allow-origin": "*" };
      response.writeHead(200, head).write("event: tick\ndata: 1\n\n");
    });
    const { page } = await openTab(context, `${server.origin}/outer`);
    const [frame] = page.mainFrame().childFrames();
    const tab = await Tab.equip(page, frame);
    await expect(tab.locks()).rejects.toThrow("denied");
    await tab.open("/s");
    expect(await tab.dataOf(1)).toEqual([1]);
    expect((await tab.read()).statuses).toEqual(["open"]);
  });
});
