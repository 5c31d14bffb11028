import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { startDemo, type RunningDemo } from "./demo.ts";

describe.skipIf(!chromium.present)("the demo's page in Chromium", { timeout: 90_000 }, () => {
  let browser: Browser;
  let demo: RunningDemo;
  beforeAll(async () => {
    demo = await startDemo({ ownedByTest: false });
    browser = await launchChromium();
  });
  afterAll(async () => {
    await browser?.close();
    await demo?.child.stop();
  });

  async function openPage(): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    const complaints: string[] = [];
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(String(error)));
    await page.goto(demo.address);
    return { page, complaints };
  }

  test("shows all five streams live and what its forms make happen", async () => {
    const { page, complaints } = await openPage();
    for (const panel of ["notices", "logbook", "radio", "station"]) {
      await page.locator(`#${panel}[data-state=live]`).waitFor();
    }
    await page.locator("#notices li").first().waitFor();
    await page.locator("#logbook li").first().waitFor();
    await page.locator("#radio li").first().waitFor();
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
    await page.locator("#radio li", { hasText: "Fuel berth is free." }).waitFor();

    await page.getByLabel("Containers", { exact: true }).fill("2");
    await page.getByRole("button", { name: "Start unloading" }).click();
    await page.locator("#job-result", { hasText: "Halcyon is empty" }).waitFor();
    await page.locator("#unloading[data-state=ended]").waitFor();

    expect(complaints).toEqual([]);
  });

  test("tells an error that the server published from one of the connection", async () => {
    const { page } = await openPage();
    await page.getByLabel("Containers", { exact: true }).fill("2");
    await page.getByLabel("The crane jams halfway").check();
    await page.getByRole("button", { name: "Start unloading" }).click();
    await page.locator("#job-result[data-tone=bad]", { hasText: "The crane jammed" }).waitFor();
    await page.locator("#unloading[data-state=ended]").waitFor();
  });

  test("pauses a panel and goes on where it stopped", async () => {
    const { page } = await openPage();
    await page.locator("#notices li").first().waitFor();
    const before = await page.locator("#notices li").count();
    await page.getByRole("button", { name: "Pause Notices" }).click();
    await page.locator("#notices[data-state=paused]").waitFor();
    await demo.post("notice/post", { berth: 4, kind: "parcel", text: "While you were away." });
    await page.getByRole("button", { name: "Resume Notices" }).click();
    await page.locator("#notices li", { hasText: "While you were away." }).waitFor();
    expect(await page.locator("#notices li").count()).toBe(before + 1);
  });

  test("names what a form's fields lack, as the server says it", async () => {
    const { page } = await openPage();
    await page.getByLabel("Notice to this berth").fill("   ");
    await page.getByRole("button", { name: "Post notice" }).click();
    await page.locator("#notices .outcome[data-tone=bad]", { hasText: "text" }).waitFor();
  });

  test("lets go of its connections in the background, all but the radio's, and catches up on return", async () => {
    const { page } = await openPage();
    const hide = (hidden: boolean) =>
      page.evaluate(`Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));`);
    await page.locator("#logbook li").first().waitFor();
    await hide(true);
    for (const panel of ["notices", "logbook", "station"]) {
      await page.locator(`#${panel}[data-state=paused]`).waitFor();
    }
    expect(await page.locator("#radio").getAttribute("data-state")).toBe("live");
    await demo.post("logEntry/write", { kind: "sighting", vessel: "Seal", remark: "On the slipway." });
    await hide(false);
    await page.locator("#logbook li", { hasText: "On the slipway." }).waitFor();
    expect(await page.locator("#logbook li", { hasText: "On the slipway." }).count()).toBe(1);
  });

  // The last one, for it replaces the server.
  test("comes back by itself after the server was restarted, with the new one's rows", async () => {
    const { page } = await openPage();
    await page.locator("#notices[data-state=live]").waitFor();
    for (const text of ["A.", "B.", "C."]) await demo.post("notice/post", { berth: 4, kind: "fee", text });
    await page.locator("#notices li", { hasText: "C." }).waitFor();

    demo.child.process.kill("SIGTERM");
    await demo.child.ended();
    await page.locator("#notices[data-state=lost]").waitFor();
    demo = await startDemo({ ownedByTest: false, env: { PORT: new URL(demo.address).port } });

    // The new database is a new one, so the last id that the page knows means nothing to it.
    for (const panel of ["notices", "logbook", "radio", "station"]) {
      await page.locator(`#${panel}[data-state=live]`).waitFor();
    }
    await demo.post("notice/post", { berth: 4, kind: "work", text: "We are back." });
    await page.locator("#notices li", { hasText: "We are back." }).waitFor();
  });
});
