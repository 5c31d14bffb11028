import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { startDemo, type RunningDemo } from "./demo.ts";
import { HarbourGate } from "./harbour-gate.ts";

const STREAMS = ["notices", "logbook", "radio", "station"];

describe.skipIf(!chromium.present)("the demo's page in Chromium", { timeout: 180_000 }, () => {
  const dataDir = mkdtempSync(join(tmpdir(), "kestrel-quay-"));
  const start = (): Promise<RunningDemo> =>
    startDemo({ ownedByTest: false, env: { DEMO_DATA_DIR: dataDir } });
  let browser: Browser;
  let demo: RunningDemo;
  beforeAll(async () => {
    demo = await start();
    browser = await launchChromium();
    // The database starts with the first query.
    await (await fetch(`${demo.address}/api/notice/latest?berth=4`)).json();
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await demo?.child.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  async function openContext(options: BrowserContextOptions = {}): Promise<BrowserContext> {
    const context = await browser.newContext(options);
    context.setDefaultTimeout(60_000);
    onTestFinished(() => context.close());
    return context;
  }

  /** Opens a window, with a record of all that its console complains of. */
  async function openPage(
    context: BrowserContext,
    address = demo.address,
  ): Promise<{ page: Page; complaints: string[] }> {
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(address);
    for (const panel of STREAMS) await page.locator(`#${panel}[data-status=open]`).waitFor();
    return { page, complaints };
  }

  const entriesIn = (page: Page, panel: string): Promise<string[]> =>
    page.locator(`#${panel} .entries > li > p:last-child`).allTextContents();

  test("shows all panels live and what its forms make happen, without a complaint of the browser", async () => {
    const { page, complaints } = await openPage(await openContext());
    await page.getByText("All panels live").waitFor();
    for (const panel of ["notices", "logbook"]) await page.locator(`#${panel} .entries li`).first().waitFor();
    await page.locator("#radio .talk li").first().waitFor();
    await page.locator("[data-reading=disk]", { hasText: /\d/ }).waitFor();

    await page.getByLabel("Notice to this berth").fill("Lamp at pier two is out.");
    await page.getByRole("button", { name: "Post notice" }).click();
    await page.locator("#notices li", { hasText: "Lamp at pier two is out." }).waitFor();

    await page.getByLabel("Vessel").fill("Avocet");
    await page.getByLabel("Remark").fill("Asks for fuel.");
    await page.getByRole("button", { name: "Write entry" }).click();
    await page.locator("#logbook li", { hasText: "Asks for fuel." }).waitFor();

    await page.getByLabel("Say", { exact: true }).fill("Fuel berth is free.");
    await page.getByRole("button", { name: "Transmit" }).click();
    await page.locator("#radio li[data-own=true]", { hasText: "Fuel berth is free." }).waitFor();

    await page.getByLabel("Containers", { exact: true }).fill("2");
    await page.getByRole("button", { name: "Start unloading" }).click();
    await page.locator("#unloading", { hasText: "Halcyon is empty" }).waitFor();
    await page.locator("#unloading[data-status=ended]").waitFor();
    await page.getByRole("button", { name: "Unload another ship" }).click();
    await page.locator("#unloading[data-status=idle]").waitFor();

    // The chart is told in words, and they are those of the latest reading.
    await page.getByRole("img", { name: /Processor: now \d+ %/ }).waitFor();
    await page.getByText("The chart as a table").click();
    await page.getByRole("row").nth(2).waitFor();
    await page.getByRole("button", { name: "Keep a core busy" }).click();
    await page.locator(".alarms li", { hasText: /The station is (busy|overloaded)/ }).waitFor();

    expect(complaints).toEqual([]);
  });

  test("lets two windows talk, and tells each who comes and goes", async () => {
    const context = await openContext();
    const { page: tern } = await openPage(context);
    const { page: knot } = await openPage(context);
    const [ternName, knotName] = [
      await tern.getByLabel("Your call sign").inputValue(),
      await knot.getByLabel("Your call sign").inputValue(),
    ];
    const onAir = (page: Page, name: string) => page.getByRole("list", { name: "On air" }).getByText(name);
    await onAir(tern, knotName).first().waitFor();
    await onAir(knot, ternName).first().waitFor();

    await knot.getByLabel("Your call sign").fill("Kittiwake");
    await knot.getByLabel("Say", { exact: true }).fill("Who is there?");
    await knot.keyboard.press("Enter");
    await tern.locator("#radio .talk li", { hasText: "Who is there?" }).waitFor();
    await tern.getByText("Kittiwake came on the channel").waitFor();
    await tern.getByLabel("Say", { exact: true }).fill("Only the tide.");
    await tern.keyboard.press("Enter");
    const heard = knot.locator("#radio .talk li", { hasText: "Only the tide." });
    await heard.waitFor();
    expect(await heard.getAttribute("data-own")).toBe("false");

    await knot.close();
    await tern.getByText("Kittiwake left the channel").waitFor();
    expect(await onAir(tern, "Kittiwake").count()).toBe(0);
  });

  test("finds a running job after a reload and in another window, and never starts it twice", async () => {
    const context = await openContext();
    const starts: string[] = [];
    context.on("request", (request) => {
      const isRun = request.method() === "GET" && request.url().includes("/unloading/unload");
      if (isRun && request.headers()["last-event-id"] === undefined) starts.push(request.url());
    });
    const { page } = await openPage(context);
    await page.getByLabel("Ship").fill("Long Tern");
    await page.getByLabel("Containers", { exact: true }).fill("45");
    await page.getByRole("button", { name: "Start unloading" }).click();
    const bar = page.getByRole("progressbar", { name: /Long Tern/ });
    const moved = async (of: Page): Promise<number> =>
      Number(await of.getByRole("progressbar").getAttribute("value"));
    await waitFor(async () => (await moved(page)) >= 2, { boundMs: 60_000, what: "two containers" });

    await page.reload();
    await bar.waitFor();
    await waitFor(async () => (await moved(page)) >= 3, { boundMs: 60_000, what: "the third container" });
    const { page: other } = await openPage(context);
    await waitFor(async () => (await moved(other)) >= 3, {
      boundMs: 60_000,
      what: "them in the other window",
    });
    expect(starts).toHaveLength(1);

    await page.getByRole("button", { name: "Stop the crane" }).click();
    for (const window of [page, other]) {
      await window.locator("#unloading .result", { hasText: "it was stopped" }).waitFor();
      await window.locator("#unloading[data-status=ended]").waitFor();
    }
    expect(starts).toHaveLength(1);
  });

  test("works in eight windows at once over HTTP/1.1, which share their connections", async () => {
    const context = await openContext();
    const pages: Page[] = [];
    for (let count = 0; count < 8; count++) pages.push((await openPage(context)).page);
    for (const page of pages) {
      await page.locator("#notices .entries li").first().waitFor();
      await page.locator("#logbook .entries li").first().waitFor();
      await page.locator("#radio .talk li").first().waitFor();
      await page.getByRole("img", { name: /Processor: now \d+ %/ }).waitFor();
    }
    const [first, second] = pages as [Page, Page];
    await first.getByLabel("Notice to this berth").fill("To all windows.");
    await first.getByRole("button", { name: "Post notice" }).click();
    await second.getByLabel("Say", { exact: true }).fill("All windows, come in.");
    await second.getByRole("button", { name: "Transmit" }).click();
    for (const page of pages) {
      await page.locator("#notices li", { hasText: "To all windows." }).waitFor();
      await page.locator("#radio .talk li", { hasText: "All windows, come in." }).waitFor();
    }

    // The one that has opened the connections goes; the others have what comes after.
    await first.close();
    await demo.post("logEntry/write", { kind: "departure", vessel: "First", remark: "Has left the others." });
    for (const page of pages.slice(1)) {
      const entry = page.locator("#logbook li", { hasText: "Has left the others." });
      await entry.waitFor();
      expect(await entry.count()).toBe(1);
    }
  });

  test("tells an error that the server published from one of the connection", async () => {
    const { page } = await openPage(await openContext());
    await page.getByLabel("Containers", { exact: true }).fill("2");
    await page.getByLabel("The crane jams halfway").check();
    await page.getByRole("button", { name: "Start unloading" }).click();
    await page.locator("#unloading .result[data-tone=bad]", { hasText: "The crane jammed" }).waitFor();
    await page.locator("#unloading[data-status=ended]").waitFor();
  });

  test("names what a form's fields lack, as the server says it", async () => {
    const { page } = await openPage(await openContext());
    await page.getByLabel("Notice to this berth").fill("   ");
    await page.getByRole("button", { name: "Post notice" }).click();
    await page.locator("#notices .outcome[data-tone=bad]", { hasText: "text" }).waitFor();
  });

  test("can be used with the keyboard alone", async () => {
    const { page } = await openPage(await openContext());
    const focused = (): Promise<string> =>
      page.evaluate(`(document.activeElement.labels?.[0] ?? document.activeElement).textContent`);
    const tabTo = async (text: string): Promise<void> => {
      for (let steps = 0; steps < 60; steps++) {
        await page.keyboard.press("Tab");
        if ((await focused()).includes(text)) return;
      }
      throw new Error(`no Tab came to ${text}`);
    };
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Skip to the panels");
    await page.keyboard.press("Enter");
    await tabTo("Notice to this berth");
    await page.keyboard.type("Typed by hand.");
    await tabTo("Post notice");
    await page.keyboard.press("Enter");
    await page.locator("#notices li", { hasText: "Typed by hand." }).waitFor();
    await tabTo("Start unloading");
    // The outline that shows where one is.
    expect(await page.evaluate(`getComputedStyle(document.activeElement).outlineStyle`)).toBe("solid");
    await page.keyboard.press("Space");
    await page.getByRole("progressbar").waitFor();
    // The form is gone, and with it the button that had the focus.
    await waitFor(async () => (await focused()) === "Stop the crane", {
      what: "the focus on the next button",
    });
    await page.keyboard.press("Enter");
    await page.locator("#unloading[data-status=ended]").waitFor();
    expect(await focused()).toBe("Unload another ship");
    await page.keyboard.press("Enter");
    await waitFor(async () => (await focused()) === "Ship", { what: "the focus in the form" });
  });

  test("is dark or light as the system is, or as one has chosen, which is remembered", async () => {
    const context = await openContext({ colorScheme: "dark" });
    const { page } = await openPage(context);
    const ground = (): Promise<string> => page.evaluate(`getComputedStyle(document.body).backgroundColor`);
    const dark = await ground();
    await page.emulateMedia({ colorScheme: "light" });
    const light = await ground();
    expect(light).not.toBe(dark);

    await page.getByLabel("Night").focus();
    await page.keyboard.press("Space");
    await waitFor(async () => (await ground()) === dark, { what: "the night" });
    await page.reload();
    expect(await ground()).toBe(dark);
    expect(await page.getByLabel("Night").isChecked()).toBe(true);
  });

  test.each(["light", "dark"] as const)(
    "meets WCAG 2.2 AA as far as axe can tell, %s",
    async (colorScheme) => {
      const context = await openContext({ colorScheme, reducedMotion: "reduce" });
      const { page } = await openPage(context);
      await page.getByRole("button", { name: "Start unloading" }).click();
      await page.getByRole("progressbar").waitFor();
      await page.getByText("The chart as a table").click();
      // Injected past the page's policy, which lets nothing of others run.
      const axe = await context.newCDPSession(page);
      const { readFileSync } = await import("node:fs");
      const source = readFileSync(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
      await axe.send("Runtime.evaluate", { expression: source });
      const violations = await page.evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a",
      "wcag21aa", "wcag22aa", "best-practice"] }).then(({ violations }) =>
        violations.map(({ id, nodes }) => id + ": " + nodes.map(({ html }) => html).join(" | ")))`);
      expect(violations).toEqual([]);
    },
  );

  test("fits a screen of 360 pixels", async () => {
    const { page } = await openPage(await openContext({ viewport: { width: 360, height: 740 } }));
    expect(await page.evaluate(`document.documentElement.scrollWidth`)).toBe(360);
  });

  test("shows that the connection is lost, and after a restart has every row once and in order", async () => {
    const gate = await HarbourGate.open(Number(new URL(demo.address).port));
    const { page } = await openPage(await openContext(), gate.address);
    await demo.post("logEntry/write", { kind: "sighting", vessel: "Seal", remark: "Before." });
    await page.locator("#logbook li", { hasText: "Before." }).waitFor();

    gate.shut();
    demo.child.process.kill("SIGTERM");
    await demo.child.ended();
    for (const panel of STREAMS) await page.locator(`#${panel}[data-status=reconnecting]`).waitFor();
    await page.getByRole("status").filter({ hasText: "Connection lost" }).waitFor();
    await page.locator("#logbook .badge", { hasText: /attempt \d/ }).waitFor();
    await page.locator("#logbook").getByRole("button", { name: "Try now" }).waitFor();

    demo = await start();
    const remarks = ["One.", "Two.", "Three.", "Four."];
    for (const remark of remarks)
      await demo.post("logEntry/write", { kind: "sighting", vessel: "Seal", remark });
    for (const text of remarks) await demo.post("notice/post", { berth: 4, kind: "fee", text });
    gate.reopen(Number(new URL(demo.address).port));
    for (const panel of STREAMS) await page.locator(`#${panel}[data-status=open]`).waitFor();
    await demo.post("logEntry/write", { kind: "sighting", vessel: "Seal", remark: "After." });
    await page.locator("#logbook li", { hasText: "After." }).waitFor();
    await page.locator("#notices li", { hasText: "Four." }).waitFor();

    const newestFirst = remarks.toReversed();
    expect((await entriesIn(page, "logbook")).slice(0, 6).map((text) => text.split(" ")[0])).toEqual([
      "After.",
      ...newestFirst,
      "Before.",
    ]);
    const notices = await entriesIn(page, "notices");
    expect(notices.slice(0, 4)).toEqual(newestFirst);
    expect(new Set(notices).size).toBe(notices.length);
    await page.getByText("All panels live").waitFor();
  });
});
