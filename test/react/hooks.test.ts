// The hooks in a page of a real browser, with a server of pinestream. React is the one for development.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourPage, startHarbour, type Harbour } from "./harbour.ts";
import type { Seen } from "./page.tsx";

let browser: Browser;
let script: string;

const isOpen = ({ shown }: Seen) => shown.at(-1)?.includes('"open"');

/** Starts a server, and goes to its page. */
async function start(): Promise<{ harbour: Harbour; page: HarbourPage }> {
  const harbour = await startHarbour();
  const page = await browser.newPage();
  onTestFinished(async () => await page.close());
  await page.goto(`http://127.0.0.1:${harbour.port}/`);
  await page.addScriptTag({ content: script });
  return { harbour, page: new HarbourPage(page) };
}

/** Waits until the server has that many streams, and no other. */
const streams = (harbour: Harbour, count: number) =>
  waitFor(() => harbour.open().length === count, {
    what: () => `${count} streams: ${JSON.stringify(harbour.runs)}`,
  });

describe.skipIf(!chromium.present)("useStream in Chromium", () => {
  beforeAll(async () => {
    [browser, { code: script }] = await Promise.all([
      launchChromium(),
      bundleForBrowsers("test/react/page.tsx", "iife"),
    ]);
  });
  afterAll(async () => await browser?.close());

  test("F42: opens one connection in StrictMode, and gives each event once", async () => {
    const { harbour, page } = await start();
    await page.render([{ tag: "a" }], true);
    await page.see("a", "open", isOpen);
    harbour.publish("tide", { n: 1 }, { id: "7" });
    const { received } = await page.see("a", "the event", ({ received }) => received.length > 0);
    expect(received).toEqual(['tide {"n":1} 7']);
    expect(harbour.runs).toHaveLength(1);
    expect(harbour.open()).toHaveLength(1);
    expect((await page.lookAround()).complaints).toEqual([]);
  });

  test("calls the handlers of the last render, without a new connection", async () => {
    const { harbour, page } = await start();
    await page.render([{ tag: "a", version: "1: " }]);
    await page.see("a", "open", isOpen);
    harbour.publish("tide", { n: 1 });
    await page.see("a", "an event", ({ received }) => received.length === 1);
    await page.render([{ tag: "a", version: "2: " }]);
    await page.see("a", "another render", ({ renders }) => renders >= 3);
    harbour.publish("gust", { knots: 9 });
    const { received } = await page.see("a", "another event", ({ received }) => received.length === 2);
    expect(received).toEqual(['1: tide {"n":1} -', '2: gust {"knots":9} -']);
    expect(harbour.runs).toHaveLength(1);
  });

  test("other parameters open another stream and close the one before, equal ones don't", async () => {
    const { harbour, page } = await start();
    await page.render([{ tag: "a", params: { berth: 1 } }]);
    await page.see("a", "open", isOpen);
    await page.render([{ tag: "a", params: { berth: 1 }, version: "2" }]);
    await page.render([{ tag: "a", params: { berth: 2 } }]);
    await waitFor(() => harbour.runs.length === 2 && harbour.runs[0]?.reason, { what: "the other stream" });
    expect(harbour.runs.map(({ berth, reason }) => [berth, reason])).toEqual([
      [1, "client"],
      [2, undefined],
    ]);
  });

  test("closes the stream when the last of its components goes, which the server notices", async () => {
    const { harbour, page } = await start();
    await page.render([{ tag: "a" }, { tag: "b" }], true);
    await page.see("b", "open", isOpen);
    await page.render([{ tag: "b" }], true);
    await page.see("b", "another render", ({ commits }) => commits > 1);
    harbour.publish("tide", { n: 1 });
    await page.see("b", "an event", ({ received }) => received.length === 1);
    expect((await page.look("a")).received).toEqual([]);
    expect(harbour.runs.map(({ reason }) => reason)).toEqual([undefined]);
    await page.render([], true);
    await streams(harbour, 0);
    expect(harbour.runs.map(({ reason }) => reason)).toEqual(["client"]);
  });
});
