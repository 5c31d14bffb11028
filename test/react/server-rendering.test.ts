// Pages that a server has rendered: what it renders, and how a browser takes them over.
import { renderToString } from "react-dom/server";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourPage, startHarbour } from "./harbour.ts";
import { look, toPage, type Spec } from "./page.tsx";

const specs: Spec[] = [
  { tag: "handling", reads: ["status", "latest"] },
  { tag: "reducing", reduces: true, reads: ["status"] },
  { tag: "idle", options: { enabled: false } },
];

const renderOnServer = (strict = false) => renderToString(toPage(specs, strict));

test("a server renders the initial state, and asks nobody", () => {
  const fetch = vi.spyOn(globalThis, "fetch");
  const complain = vi.spyOn(console, "error");
  onTestFinished(() => void vi.restoreAllMocks());
  expect(renderOnServer()).toBe(
    "<output>connecting</output><output>connecting 0</output><output>idle</output>",
  );
  expect(look("handling").shown).toEqual(['["connecting",{}]']);
  expect(fetch).not.toHaveBeenCalled();
  expect(complain).not.toHaveBeenCalled();
});

describe.skipIf(!chromium.present)("in Chromium", () => {
  let browser: Browser;
  let script: string;
  beforeAll(async () => {
    [browser, { code: script }] = await Promise.all([
      launchChromium(),
      bundleForBrowsers("test/react/page.tsx", "iife"),
    ]);
  }, 120_000);
  afterAll(async () => await browser?.close());

  /** Goes to the page of a server. */
  const open = async (port: number) => {
    const page = await browser.newPage();
    onTestFinished(async () => await page.close());
    await page.goto(`http://127.0.0.1:${port}/`);
    await page.addScriptTag({ content: script });
    return new HarbourPage(page);
  };

  test.each([false, true])(
    "a page is taken over without a complaint, and then live; strict: %s",
    async (strict) => {
      const harbour = await startHarbour({ html: renderOnServer(strict) });
      const page = await open(harbour.port);
      expect(await page.text()).toContain("connecting 0");
      expect(harbour.runs).toEqual([]);
      await page.hydrate(specs, strict);
      await waitFor(() => harbour.open().length === 1, { what: "the stream" });
      await page.see("reducing", "open", ({ shown }) => shown.at(-1) === '["open"]');
      harbour.publish("tide", { n: 1 });
      await page.see("reducing", "the event", ({ state }) => state?.length === 1);
      expect(await page.text()).toBe("<output>open</output><output>open 1</output><output>idle</output>");
      expect((await page.look("handling")).shown[0]).toBe('["connecting",{}]');
      expect(await page.lookAround()).toEqual({ uncaught: [], complaints: [], requests: 1 });
      expect(harbour.runs).toHaveLength(1);
    },
  );

  test("islands whose options ask for a connection of their own share none", async () => {
    const islands = ["a", "b"].map((tag): Spec => ({ tag, options: { lastEventId: tag } }));
    const html = islands.map(
      (spec) => `<div id="${spec.tag}">${renderToString(toPage([spec], false))}</div>`,
    );
    const harbour = await startHarbour({ html: html.join("") });
    const page = await open(harbour.port);
    await page.hydrateIslands(islands);
    for (const { tag } of islands) {
      await page.see(tag, "open", ({ shown }) => shown.at(-1) === '["open"]');
    }
    expect(harbour.runs.map(({ lastEventId }) => lastEventId).sort()).toEqual(["a", "b"]);
    expect(await page.lookAround()).toEqual({ uncaught: [], complaints: [], requests: 2 });
  });
});
