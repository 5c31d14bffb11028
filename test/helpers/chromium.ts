import { chromium as playwright, type Browser } from "playwright-core";
import { chromium } from "./parts.ts";

/**
 * Starts the Chromium of the system without a window; it has no profile and calls nobody by itself. With
 * `backForwardCache` it keeps pages that were left, which playwright does not have it do by default.
 */
export async function launchChromium(options?: { backForwardCache?: boolean }): Promise<Browser> {
  return await playwright.launch({
    ignoreDefaultArgs: options?.backForwardCache ? ["--disable-back-forward-cache"] : [],
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
