// Faults that a review has found in the hooks.
import type { Browser } from "playwright-core";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourPage, startHarbour } from "./harbour.ts";
import { Island } from "./review-a-page.tsx";

describe.skipIf(!chromium.present)("hooks: review", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  test("components of two hydrated roots have connections of their own where they ask for them", async () => {
    const island = (position: string) =>
      `<div id="${position}">${renderToString(createElement(Island, { position }))}</div>`;
    const harbour = await startHarbour({ html: `</div>${island("a")}${island("b")}<div>` });
    const page = await browser.newPage();
    onTestFinished(async () => await page.close());
    await page.goto(`http://127.0.0.1:${harbour.port}/`);
    await page.addScriptTag({
      content: (await bundleForBrowsers("test/react/review-a-page.tsx", "iife")).code,
    });
    await page.evaluate(() => (globalThis as any).bundle.hydrateIslands());
    await waitFor(() => harbour.runs.length > 0, { what: "a run" });
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toEqual(["a", "b"]);
  });

  test("a component that was not enabled for a while goes on after its last event, also where others have stayed", async () => {
    const harbour = await startHarbour();
    const tab = await browser.newPage();
    onTestFinished(async () => await tab.close());
    await tab.goto(`http://127.0.0.1:${harbour.port}/`);
    await tab.addScriptTag({ content: (await bundleForBrowsers("test/react/page.tsx", "iife")).code });
    const page = new HarbourPage(tab);
    const a = { tag: "a", reduces: true };
    const b = { tag: "b", reduces: true };
    await page.render([a, b]);
    await page.see("b", "open", ({ shown }) => shown.at(-1)?.includes('"open"'));
    harbour.publish("tide", { n: 1 }, { id: "1" });
    await page.see("a", "1", ({ received }) => received.length === 1);
    await page.render([{ ...a, options: { enabled: false } }, b] as never);
    await page.see("a", "idle", ({ shown }) => shown.at(-1)?.includes('"idle"'));
    harbour.publish("tide", { n: 2 }, { id: "2" });
    await page.see("b", "2", ({ received }) => received.length === 2);
    await page.render([a, b]);
    await page.see("a", "open", ({ shown }) => shown.at(-1)?.includes('"open"'));
    harbour.publish("tide", { n: 3 }, { id: "3" });
    await page.see("b", "3", ({ received }) => received.length === 3);
    await new Promise((resolve) => setTimeout(resolve, 300));
    console.log(harbour.runs, (await page.look("a")).state, (await page.look("b")).state);
    // This server replays nothing; that it is asked from "1" on would be enough.
    expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toContain("1");
  });
});
