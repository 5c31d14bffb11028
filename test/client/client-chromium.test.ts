// The suite in a page of a real browser, and what only a browser has: other origins, and going offline.
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { bundleForBrowsers } from "./bundle.ts";
import { cutAfter, END, MisbehavingServer, plain, whole } from "./misbehaving-server.ts";
import type { Collected, Environment, scenarios } from "./scenarios.ts";
import { describeClient } from "./suite.ts";

describe.skipIf(!chromium.present)("the client in Chromium", () => {
  let browser: Browser;
  let page: Page;
  let script: string;
  beforeAll(async () => {
    [browser, { code: script }] = await Promise.all([
      launchChromium(),
      bundleForBrowsers("test/client/scenarios.ts", "iife"),
    ]);
    page = await browser.newPage();
    await page.addScriptTag({ content: script });
  });
  afterAll(async () => await browser?.close());

  const environment: Environment = {
    name: "Chromium",
    run: (name, options) =>
      page.evaluate(([name, options]) => (globalThis as any).bundle.scenarios[name](options), [
        name,
        options,
      ] as const) as ReturnType<(typeof scenarios)[typeof name]>,
  };

  /** Starts a server, and goes to a page of its own origin. */
  const start = async () => {
    const server = await MisbehavingServer.start();
    server.script("/page", plain(200, { "content-type": "text/html" }, "<!doctype html><title>page</title>"));
    await page.goto(`${server.origin}/page`);
    await page.addScriptTag({ content: script });
    return server;
  };

  describeClient(() => environment, start);

  describe("with a server of another origin", () => {
    const stream = (origin: string) => ({
      "access-control-allow-origin": origin,
      "content-type": "text/event-stream",
    });

    test("F36: goes on from its position without a preflight", async () => {
      const { origin } = await start();
      const other = await MisbehavingServer.start();
      other.script(
        "/s",
        plain(200, stream(origin), "id: 5\nevent: tick\ndata: 1\n\n"),
        plain(200, stream(origin), END),
      );
      const collected: Collected = await environment.run("collect", {
        path: "/s",
        client: { baseUrl: other.origin, retry: { interval: 2 } },
      });
      expect(collected).toMatchObject({ final: "ended", lastEventId: "5" });
      const requests = other.requests.filter(({ url }) => url.pathname === "/s");
      expect(requests.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
        "GET /s",
        "GET /s?lastEventId=5",
      ]);
      expect(requests[1]?.headers["last-event-id"]).toBeUndefined();
    });

    test("without leave, reconnects as without a server, and says so", async () => {
      await start();
      const other = await MisbehavingServer.start();
      other.script("/s", whole(END));
      const { error } = await environment.run("collect", {
        path: "/s",
        client: { baseUrl: other.origin, retry: { interval: 2, retries: 1 } },
      });
      expect(error).toMatchObject({ code: "PINE_CLIENT_CONNECTION" });
    });
  });

  test("without an address, asks the page's own origin", async () => {
    const server = await start();
    server.script("/s", whole(END));
    expect(await environment.run("collect", { path: "/s", client: {} })).toMatchObject({ final: "ended" });
  });

  test("request-credentials: takes cookies along where it is told to", async () => {
    const server = await start();
    server.script("/s", whole(END));
    const other = await MisbehavingServer.start();
    other.script(
      "/s",
      plain(
        200,
        {
          "content-type": "text/event-stream",
          "access-control-allow-origin": server.origin,
          "access-control-allow-credentials": "true",
        },
        END,
      ),
    );
    await page.evaluate(() => void ((globalThis as any).document.cookie = "berth=7"));
    // Cookies know of no ports, so that the other origin has the same.
    for (const [baseUrl, credentials] of [
      [server.origin, undefined],
      [server.origin, "omit"],
      [other.origin, undefined],
      [other.origin, "include"],
    ] as const) {
      const client = { baseUrl, credentials, retry: { retries: 0 } };
      expect(await environment.run("collect", { path: "/s", client })).toMatchObject({ final: "ended" });
    }
    const cookies = [...server.to("/s"), ...other.to("/s")].map(({ headers }) => headers["cookie"]);
    expect(cookies).toEqual(["berth=7", undefined, undefined, "berth=7"]);
  });

  test("F26: reconnects at once when the network is back, although the wait is long", async () => {
    const server = await start();
    server.script("/s", cutAfter("id: 5\nevent: tick\ndata: 1\n\n"), whole(END));
    const collecting = environment.run("collect", {
      path: "/s",
      client: { baseUrl: server.origin, retry: { interval: 600_000, maxInterval: 600_000 } },
    });
    const collected = await Promise.all([
      collecting,
      page.evaluate(async () => {
        // Until it is over the stream waits for ten minutes; the first attempts of this may come too early.
        const poll = setInterval(() => (globalThis as any).dispatchEvent(new Event("online")), 5);
        setTimeout(() => clearInterval(poll), 10_000);
      }),
    ]);
    expect(collected[0]).toMatchObject({ final: "ended", lastEventId: "5" });
    expect(server.to("/s")).toHaveLength(2);
  });
});
