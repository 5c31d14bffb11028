import { chromium as playwright, type Browser } from "playwright-core";
import { chromium } from "./parts.ts";

/** Starts the Chromium of the system without a window; it has no profile and calls nobody by itself. */
export async function launchChromium(): Promise<Browser> {
  return await playwright.launch({
    executablePath: chromium.path,
    headless: true,
    args: [
      "--no-sandbox",
      "--headless",
      "--disable-gpu",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
