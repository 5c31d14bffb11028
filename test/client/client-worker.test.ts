// The suite in a worker of a real browser, where there is no document.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { bundleForBrowsers } from "./bundle.ts";
import { MisbehavingServer, plain } from "./misbehaving-server.ts";
import type { Environment } from "./scenarios.ts";
import { describeClient } from "./suite.ts";

/** Runs a scenario for each message, and sends back what came of it. */
const ANSWER = `
onmessage = async ({ data: { name, options } }) => {
  postMessage(await bundle.scenarios[name](options));
};`;

describe.skipIf(!chromium.present)("the client in a worker", () => {
  let browser: Browser;
  let page: Page;
  let script: string;
  beforeAll(async () => {
    [browser, { code: script }] = await Promise.all([
      launchChromium(),
      bundleForBrowsers("test/client/scenarios.ts", "iife"),
    ]);
    page = await browser.newPage();
    // For what needs no server.
    await page.evaluate((script) => {
      const { Blob, URL, Worker } = globalThis as any;
      (globalThis as any).worker = new Worker(URL.createObjectURL(new Blob([script])));
    }, script + ANSWER);
  });
  afterAll(async () => await browser?.close());

  const environment = {
    name: "a worker",
    run: (name, options) =>
      page.evaluate(
        ([name, options]) =>
          new Promise<any>((resolve, reject) => {
            const { worker } = globalThis as any;
            const once = { once: true };
            worker.addEventListener("message", ({ data }: { data: unknown }) => resolve(data), once);
            worker.addEventListener("error", ({ message }: any) => reject(new Error(message)), once);
            // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker has no other origin
            worker.postMessage({ name, options });
          }),
        [name, options] as const,
      ),
  } as Environment;

  describeClient(
    () => environment,
    async () => {
      const server = await MisbehavingServer.start();
      const html = "<!doctype html><title>page</title>";
      server.script("/page", plain(200, { "content-type": "text/html" }, html));
      server.script("/worker.js", plain(200, { "content-type": "text/javascript" }, script + ANSWER));
      await page.goto(`${server.origin}/page`);
      await page.evaluate(() => {
        const { Worker } = globalThis as any;
        (globalThis as any).worker = new Worker("/worker.js");
      });
      return server;
    },
  );
});
