// Several tabs of one browser, and several subscriptions in them, on one connection for each stream.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFailed, onTestFinished, test } from "vitest";
import { END, type MisbehavingServer, plain } from "../client/misbehaving-server.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { HarbourServer, openTab, openTabs, type Tab } from "./tabs.ts";

// Pages take their time to open where the machine has much to do.
describe.skipIf(!chromium.present)("tabs of one browser", { timeout: 120_000 }, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(async () => await browser?.close());

  const start = async (count: number) => {
    const harbour = await HarbourServer.start();
    onTestFailed(() => console.error(`requests went on from ${JSON.stringify(harbour.positions)}`));
    const tabs = await openTabs(browser, harbour.page, count);
    return { harbour, tabs: tabs as [Tab, Tab, Tab, ...Tab[]], server: harbour.server };
  };

  /** Opens `/s` in all tabs and waits until all are open. */
  const openAll = async (tabs: Tab[], options: object = {}) => {
    for (const tab of tabs) await tab.open({ path: "/s", ...options });
    for (const tab of tabs) await tab.reaches("open");
  };

  test("F28: eight tabs with three streams each, twice, work over HTTP/1.1 on three connections", async () => {
    const { harbour, tabs, server } = await start(8);
    const open = new Map<string, (text: string) => void>();
    for (const path of ["/a", "/b", "/c"]) {
      server.script(path, (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": keep-alive 15000\n\n");
        open.set(path, (text) => void response.write(text));
      });
    }
    for (const tab of tabs) {
      for (const path of ["/a", "/b", "/c", "/a", "/b", "/c"]) await tab.open(path);
    }
    for (const tab of tabs) for (let index = 0; index < 6; index++) await tab.reaches("open", index);
    for (const [path, write] of open) write(`event: tick\ndata: "${path}"\n\n`);
    for (const tab of tabs) {
      const all = [];
      for (let index = 0; index < 6; index++) all.push(...(await tab.dataOf(1, index)));
      expect(all).toEqual(["/a", "/b", "/c", "/a", "/b", "/c"]);
    }
    expect(["/a", "/b", "/c"].map((path) => server.to(path).length)).toEqual([1, 1, 1]);
    // The origin still answers.
    await tabs[7]?.page.goto(harbour.page);
  });

  test("F28: without sharing, the seventh stream of a browser gets no connection", async () => {
    const { harbour, tabs } = await start(7);
    for (const tab of tabs) await tab.open({ path: "/s", share: false });
    await waitFor(() => harbour.streams.length === 6, { what: "six streams" });
    const waiting = [];
    for (const tab of tabs) if ((await tab.read()).status === "connecting") waiting.push(tab);
    await waitFor(
      async () => {
        const statuses = await Promise.all(tabs.map(async (tab) => (await tab.read()).status));
        return statuses.filter((status) => status === "open").length === 6;
      },
      { what: "six open" },
    );
    expect(harbour.streams).toHaveLength(6);
    // It gets the connection of one that leaves.
    const first = await Promise.all(tabs.map(async (tab) => ({ tab, status: (await tab.read()).status })));
    await first.find(({ status }) => status === "open")?.tab.close();
    await first.find(({ status }) => status === "connecting")?.tab.reaches("open");
  });

  test("all subscriptions of all tabs get every event once and in order, with its id", async () => {
    const { harbour, tabs } = await start(3);
    await tabs[0].open("/s");
    await openAll(tabs);
    const stream = await harbour.stream();
    await stream.tick(1, 2);
    await stream.write('data: "ä\\n"\n\nevent: tick\ndata: [\ndata:  1]\n\n');
    for (const [tab, index] of [
      [tabs[0], 0],
      [tabs[0], 1],
      [tabs[1], 0],
      [tabs[2], 0],
    ] as const) {
      await tab.dataOf(4, index);
      expect((await tab.read(index)).events).toEqual([
        { event: "tick", data: 1, id: "1" },
        { event: "tick", data: 2, id: "2" },
        { event: "message", data: "ä\n", id: "2" },
        { event: "tick", data: [1], id: "2" },
      ]);
    }
    expect(harbour.streams).toHaveLength(1);
  });

  test("a stream without ids reaches all tabs, too", async () => {
    const { harbour, tabs } = await start(2);
    await openAll(tabs);
    await (await harbour.stream()).write("event: tick\ndata: 1\n\n");
    for (const tab of tabs) {
      await tab.dataOf(1);
      expect((await tab.read()).events).toEqual([{ event: "tick", data: 1 }]);
    }
  });

  test("who asks before there is an answer misses nothing of it", async () => {
    const { tabs, server } = await start(3);
    let answer: (() => void) | undefined;
    server.script("/s", (response) => {
      answer = () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("event: tick\ndata: 1\n\nevent: tick\ndata: 2\n\n");
      };
    });
    for (const tab of tabs) await tab.open("/s");
    await waitFor(() => answer, { what: "the request" });
    answer?.();
    for (const tab of tabs) expect(await tab.dataOf(2)).toEqual([1, 2]);
    expect(server.to("/s")).toHaveLength(1);
  });

  describe("whose stream it is", () => {
    const bearer = (token: string) => ({ share: {}, headers: { authorization: `Bearer ${token}` } });

    test("different tokens never share, equal ones do, and none is told", async () => {
      const { harbour, tabs, server } = await start(3);
      const [one, two, three] = tabs;
      for (const [tab, token] of [
        [one, "ann"],
        [two, "bob"],
        [three, "ann"],
      ] as const) {
        await tab.open({ path: "/s", ...bearer(token) });
        await tab.reaches("open");
      }
      expect(server.to("/s").map(({ headers }) => headers.authorization)).toEqual([
        "Bearer ann",
        "Bearer bob",
      ]);
      await harbour.streams[0]?.tick(1);
      await harbour.streams[1]?.tick(2);
      expect(await three.dataOf(1)).toEqual([1]);
      expect(await two.dataOf(1)).toEqual([2]);
      expect(await one.dataOf(1)).toEqual([1]);
      const { held: locks } = await one.locks();
      expect(locks).toHaveLength(2);
      for (const lock of locks) expect(lock).toMatch(/^pinestream\/tabs\/1 [0-9a-f]{64}$/);
    });

    test("with a scope, its text alone decides", async () => {
      const { tabs, server } = await start(3);
      for (const [index, scope] of ["ann", "ann", "bob"].entries()) {
        await tabs[index]?.open({ path: "/s", ...bearer(String(index)), share: { scope } });
        await tabs[index]?.reaches("open");
      }
      expect(server.to("/s").map(({ headers }) => headers.authorization)).toEqual(["Bearer 0", "Bearer 2"]);
    });

    test.each([
      ["cookies of the page's own origin", {}],
      ["cookies that are asked for", { credentials: "include" as const }],
    ])("without one, %s may say whose it is, so that nothing is shared", async (_what, options) => {
      const { tabs, server } = await start(2);
      const warnings: string[] = [];
      // What Chromium itself has to say, such as of a missing icon, is an error.
      tabs[0].page.on("console", (message) => {
        if (message.type() === "warning") warnings.push(message.text());
      });
      for (const tab of tabs.slice(0, 2)) {
        await tab.open({ path: "/s", share: {}, ...options });
        await tab.reaches("open");
      }
      await tabs[0].open({ path: "/s", share: {}, ...options });
      await tabs[0].reaches("open", 1);
      expect(server.to("/s")).toHaveLength(3);
      expect(warnings).toEqual([expect.stringContaining("give it a scope")]);
    });

    test("without one, a request without cookies is shared", async () => {
      const { tabs, server } = await start(2);
      await openAll(tabs.slice(0, 2), { share: {}, credentials: "omit" });
      expect(server.to("/s")).toHaveLength(1);
    });

    test("another query is another stream", async () => {
      const { tabs, server } = await start(2);
      await tabs[0].open("/s?berth=1");
      await tabs[1].open("/s?berth=2");
      for (const tab of tabs.slice(0, 2)) await tab.reaches("open");
      expect(server.to("/s")).toHaveLength(2);
    });
  });

  describe("what ends a stream reaches all tabs", () => {
    test("`end`", async () => {
      const { harbour, tabs, server } = await start(3);
      await openAll(tabs);
      await (await harbour.stream()).write(END);
      for (const tab of tabs) await tab.reaches("ended");
      expect(server.to("/s")).toHaveLength(1);
    });

    /** Has all tabs wait for one answer. */
    const answerAll = async (
      tabs: Tab[],
      server: MisbehavingServer,
      ...answers: ReturnType<typeof plain>[]
    ) => {
      let isAsked = false;
      let answer = () => {};
      const gate = new Promise<void>((resolve) => (answer = resolve));
      server.script("/s", async (response, server) => {
        isAsked = true;
        await gate;
        await answers[Math.min(server.to("/s").length, answers.length) - 1]?.(response, server);
      });
      for (const tab of tabs) await tab.open({ path: "/s", share: {}, credentials: "omit" });
      await waitFor(() => isAsked, { what: "the request" });
      await waitFor(async () => (await tabs[0]?.locks())?.pending.length === tabs.length - 1, {
        what: "all tabs",
      });
      answer();
    };

    test("204", async () => {
      const { tabs, server } = await start(3);
      await answerAll(tabs, server, plain(204));
      for (const tab of tabs) await tab.reaches("ended");
      expect(server.to("/s")).toHaveLength(1);
    });

    test.each([401, 404])("%i, with what it says", async (status) => {
      const { tabs, server } = await start(3);
      const body = JSON.stringify({ message: "not here" });
      await answerAll(tabs, server, plain(status, { "content-type": "application/json" }, body));
      for (const tab of tabs) {
        const { error } = await tab.reaches("failed");
        expect(error).toMatchObject({ code: "PINE_CLIENT_RESPONSE", status });
        expect(error?.message).toContain("not here");
      }
      expect(server.to("/s")).toHaveLength(1);
    });

    test("another media type", async () => {
      const { tabs, server } = await start(2);
      await answerAll(tabs.slice(0, 2), server, plain(200, { "content-type": "text/html" }, "<p>"));
      for (const tab of tabs.slice(0, 2)) {
        expect((await tab.reaches("failed")).error).toMatchObject({ code: "PINE_CLIENT_FORMAT" });
      }
    });

    test("503 with Retry-After is obeyed by all, who then share again", async () => {
      const { tabs, server } = await start(3);
      const stream: ReturnType<typeof plain> = (response) =>
        void response
          .writeHead(200, { "content-type": "text/event-stream" })
          .write("event: tick\ndata: 1\n\n");
      await answerAll(tabs, server, plain(503, { "retry-after": "0" }), stream);
      for (const tab of tabs) await tab.reaches("open");
      expect(server.to("/s")).toHaveLength(2);
    });
  });

  describe("who comes later", () => {
    test("gets what comes from then on", async () => {
      const { harbour, tabs } = await start(2);
      await tabs[0].open("/s");
      await tabs[0].reaches("open");
      const stream = await harbour.stream();
      await stream.tick(1);
      await tabs[0].dataOf(1);
      await tabs[1].open("/s");
      await tabs[1].reaches("open");
      await stream.tick(2);
      expect(await tabs[1].dataOf(1)).toEqual([2]);
    });

    test("F25: learns of the keep-alive and the reconnection time first", async () => {
      const { harbour, tabs } = await start(2);
      await tabs[0].open("/s");
      await tabs[0].reaches("open");
      const stream = await harbour.stream();
      await stream.write("retry: 7\n\n");
      await stream.tick(1);
      await tabs[0].dataOf(1);
      for (const tab of tabs.slice(0, 2)) {
        expect(await tab.readFirst("/s")).toBe(": keep-alive 120000\n\nretry: 7\n\n");
      }
      expect(harbour.streams).toHaveLength(1);
    });

    test("with a position gets what it has missed from the others", async () => {
      const { harbour, tabs, server } = await start(2);
      await tabs[0].open("/s");
      await tabs[0].reaches("open");
      await (await harbour.stream()).tick(1, 2, 3, 4);
      await tabs[0].dataOf(4);
      await tabs[1].open({ path: "/s", lastEventId: "2" });
      expect(await tabs[1].dataOf(2)).toEqual([3, 4]);
      // In the tab that has it all, too.
      const index = await tabs[0].open({ path: "/s", lastEventId: "3" });
      expect(await tabs[0].dataOf(1, index)).toEqual([4]);
      await harbour.streams[0]?.tick(5);
      expect(await tabs[1].dataOf(3)).toEqual([3, 4, 5]);
      expect(await tabs[0].dataOf(2, index)).toEqual([4, 5]);
      expect(server.to("/s")).toHaveLength(1);
    });

    test("with a position that nobody knows asks the server itself until it has caught up", async () => {
      const { harbour, tabs } = await start(2);
      const options = { path: "/s", share: { scope: "x", maxEvents: 3 } };
      await tabs[0].open(options);
      await tabs[0].reaches("open");
      const stream = await harbour.stream();
      await stream.tick(1, 2, 3, 4, 5, 6);
      await tabs[0].dataOf(6);
      await tabs[1].open({ ...options, lastEventId: "1" });
      const own = await harbour.stream(1);
      expect(harbour.positions).toEqual([undefined, "1"]);
      await own.tick(2);
      expect(await tabs[1].dataOf(1)).toEqual([2]);
      expect(own.isOpen).toBe(true);
      await own.tick(3, 4, 5);
      expect(await tabs[1].dataOf(4)).toEqual([2, 3, 4, 5]);
      expect(own.isOpen).toBe(true);
      await own.tick(6);
      await waitFor(() => !own.isOpen, { what: "the end of its own request" });
      await stream.tick(7);
      expect(await tabs[1].dataOf(6)).toEqual([2, 3, 4, 5, 6, 7]);
      expect((await tabs[1].read()).statuses).toEqual(["open"]);
      expect(harbour.streams).toHaveLength(2);
    });
  });

  describe("the connection", () => {
    test("goes on for the others when a subscription is closed, and ends with the last", async () => {
      const { harbour, tabs } = await start(2);
      const second = await tabs[0].open("/s").then(async () => await tabs[0].open("/s"));
      await tabs[0].reaches("open", second);
      await tabs[1].open("/s");
      await tabs[1].reaches("open");
      const stream = await harbour.stream();
      await tabs[0].close(0);
      await stream.tick(1);
      expect(await tabs[0].dataOf(1, second)).toEqual([1]);
      // The tab that has the connection keeps it for the other one.
      await tabs[0].close(second);
      await stream.tick(2);
      expect(await tabs[1].dataOf(2)).toEqual([1, 2]);
      expect(await tabs[0].data(0)).toEqual([]);
      expect(harbour.streams).toHaveLength(1);
      await tabs[1].close();
      await waitFor(() => !stream.isOpen, { what: "the end of the connection" });
      expect((await tabs[0].locks()).held).toEqual([]);
    });

    test("goes on for a tab that has only asked so far, whose claim to the lock is still on its way", async () => {
      const { harbour, tabs } = await start(2);
      await tabs[0].open("/s");
      await tabs[0].reaches("open");
      await tabs[1].holdBackLocks();
      await tabs[1].open("/s");
      await tabs[1].reaches("open");
      const stream = await harbour.stream();
      await tabs[0].close();
      await stream.tick(1);
      expect(await tabs[1].dataOf(1)).toEqual([1]);
      expect((await tabs[0].locks()).pending).toEqual([]);
      await tabs[1].close();
      await waitFor(() => !stream.isOpen, { what: "the end of the connection" });
      expect(harbour.streams).toHaveLength(1);
    });

    test("ends when such a tab has gone without a word", async () => {
      const { harbour, tabs } = await start(2);
      await tabs[0].open("/s");
      await tabs[0].reaches("open");
      await tabs[1].holdBackLocks();
      await tabs[1].open("/s");
      await tabs[1].reaches("open");
      const stream = await harbour.stream();
      await tabs[1].silence();
      await tabs[1].page.close();
      await tabs[0].close();
      await waitFor(() => !stream.isOpen, { what: "the end of the connection" });
      expect(harbour.streams).toHaveLength(1);
    });

    test("that breaks is opened again once, from where each tab is", async () => {
      const { harbour, tabs } = await start(3);
      await openAll(tabs);
      const stream = await harbour.stream();
      await stream.tick(1, 2);
      for (const tab of tabs) await tab.dataOf(2);
      stream.destroy();
      await (await harbour.stream(1)).tick(3);
      for (const tab of tabs) {
        expect(await tab.dataOf(3)).toEqual([1, 2, 3]);
      }
      expect(harbour.positions).toEqual([undefined, "2"]);
    });

    test("F25: comments reach every tab, so that no watchdog barks", async () => {
      const { tabs, server, harbour } = await start(2);
      server.script("/s", async (response, server) => {
        response.writeHead(200, { "content-type": "text/event-stream" }).write(": keep-alive 1000\n\n");
        await waitFor(() => server.to("/go").length > 0, { what: "both tabs" });
        // All in all longer than a watchdog would wait.
        for (let count = 0; count < 15; count++) {
          await new Promise((resolve) => setTimeout(resolve, 250));
          response.write(":\n\n");
        }
        response.write("event: tick\ndata: 1\n\n");
      });
      await openAll(tabs.slice(0, 2));
      await tabs[0].page.evaluate(async (url) => void (await fetch(url)), `${server.origin}/go`);
      for (const tab of tabs.slice(0, 2)) {
        await tab.dataOf(1);
        expect((await tab.read()).statuses).toEqual(["open"]);
      }
      expect(harbour.positions).toHaveLength(1);
    });

    test("that is dead is noticed, and opened again for all", async () => {
      const { tabs, harbour } = await start(2);
      await openAll(tabs.slice(0, 2));
      const stream = await harbour.stream();
      await stream.tick(1);
      for (const tab of tabs.slice(0, 2)) await tab.dataOf(1);
      // From here on it says nothing any more, although it stays open.
      await stream.write(": keep-alive 100\n\n");
      const next = await harbour.stream(1);
      await next.tick(2);
      for (const tab of tabs.slice(0, 2)) expect(await tab.dataOf(2)).toEqual([1, 2]);
      expect(harbour.positions.slice(0, 2)).toEqual([undefined, "1"]);
      expect(stream.isOpen).toBe(false);
    });
  });

  describe("a reader that is slow", () => {
    test("holds up nobody, keeps a bounded queue, and misses nothing that has an id", async () => {
      const { harbour, tabs } = await start(2);
      const share = { scope: "x", maxLength: 20_000 };
      await tabs[0].open({ path: "/s", share, takes: 1 });
      await tabs[1].open({ path: "/s", share });
      for (const tab of tabs.slice(0, 2)) await tab.reaches("open");
      const stream = await harbour.stream();
      const COUNT = 1_000;
      const filler = "x".repeat(1_000);
      const event = (count: number) => `id: ${count}\nevent: tick\ndata: [${count},"${filler}"]\n\n`;
      // Not faster than they are passed on: what a tab has read at once is passed on at once, however much it is.
      for (let count = 1; count <= COUNT; count++) {
        await stream.write(event(count));
        if (count % 20 === 0) await tabs[1].dataOf(count);
      }
      expect(await tabs[0].data()).toHaveLength(1);
      await tabs[0].goOn();
      // Beyond its queue it is too far behind for what the tabs keep, so that it asks the server itself.
      const own = await harbour.stream(1);
      const from = Number(harbour.positions[1]);
      expect(from).toBeGreaterThan(1);
      // It has got what its queues hold: the client reads ahead, too.
      expect(from).toBeLessThan(COUNT / 2);
      for (let count = from + 1; own.isOpen && count <= COUNT; count++) await own.write(event(count));
      const data = (await tabs[0].dataOf(COUNT)) as [number, string][];
      expect(data.map(([count]) => count)).toEqual(Array.from({ length: COUNT }, (_, index) => index + 1));
    });
  });

  test("what is no GET for an event stream is left alone", async () => {
    const { tabs, server } = await start(2);
    server.script("/post", plain(200, {}, "posted"));
    const answers = await Promise.all(
      tabs.slice(0, 2).map(async (tab) =>
        tab.page.evaluate(async () => {
          const shared = (globalThis as any).bundle.sharedFetch({ scope: "x" });
          const posted = await shared("/post", {
            method: "POST",
            body: "x",
            headers: { accept: "text/event-stream" },
          });
          const got = await shared("/post");
          return [await posted.text(), await got.text()];
        }),
      ),
    );
    expect(answers).toEqual([
      ["posted", "posted"],
      ["posted", "posted"],
    ]);
    expect(server.to("/post").filter(({ body }) => body === "x")).toHaveLength(2);
    expect((await tabs[0].locks()).held).toEqual([]);
  });

  test("a page of an insecure context shares nothing, and works", async () => {
    const harbour = await HarbourServer.start();
    const context = await browser.newContext();
    onTestFinished(async () => await context.close());
    const page = harbour.page.replace("127.0.0.1", "harbour.test");
    await context.route("http://harbour.test:*/**", async (route) => {
      const response = await route.fetch({ url: route.request().url().replace("harbour.test", "127.0.0.1") });
      await route.fulfill({ response });
    });
    harbour.server.script("/s", (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).end(`event: tick\ndata: 1\n\n${END}`);
    });
    const tabs = [await openTab(context, page), await openTab(context, page)];
    for (const tab of tabs) await tab.open("/s");
    for (const tab of tabs) expect(await tab.reaches("ended")).toMatchObject({ events: [{ data: 1 }] });
    expect(harbour.server.to("/s")).toHaveLength(2);
  });
});
