// The hooks in a page of a real browser, with a server of pinestream. React is the one for development.
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";
import { launchChromium } from "../helpers/chromium.ts";
import { chromium, react18 } from "../helpers/parts.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { BURST, HarbourPage, startHarbour, type Harbour } from "./harbour.ts";
import type { Seen, Spec } from "./page.tsx";

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

/** The oldest React that is supported, and the one of the repository. */
const REACTS = [{ version: 19 }, ...(react18.present ? [{ version: 18, folder: react18.path }] : [])];

describe.skipIf(!chromium.present).each(REACTS)("useStream of React $version in Chromium", (react) => {
  beforeAll(async () => {
    [browser, { code: script }] = await Promise.all([
      launchChromium(),
      bundleForBrowsers("test/react/page.tsx", "iife", undefined, react.folder),
    ]);
  }, 120_000);
  afterAll(async () => await browser?.close());

  describe("connections", () => {
    test("F42: opens one connection in StrictMode, and gives each event once", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a" }], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 }, { id: "7" });
      const seen = await page.see("a", "the event", ({ received }) => received.length > 0);
      expect(seen.mounts).toBe(2);
      expect(seen.received).toEqual(['tide {"n":1} 7']);
      expect(harbour.runs).toHaveLength(1);
      expect(harbour.open()).toHaveLength(1);
      expect(await page.lookAround()).toEqual({ uncaught: [], complaints: [], requests: 1 });
    });

    test("calls the handlers of the last render, without a new connection", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", version: "1: " }]);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      const { commits } = await page.see("a", "an event", ({ received }) => received.length === 1);
      await page.render([{ tag: "a", version: "2: " }]);
      await page.see("a", "another render", (seen) => seen.commits > commits);
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

    test("shares one among equal components, each with the events from its mount on", async () => {
      const { harbour, page } = await start();
      const first = { tag: "a", reads: ["status", "latest"] } as const satisfies Spec;
      await page.render([first], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      await page.see("a", "the first event", ({ shown }) => shown.at(-1)?.includes("tide"));
      await page.render([first, { ...first, tag: "b" }], true);
      const { shown } = await page.see("b", "a render", ({ commits }) => commits > 0);
      expect(new Set(shown)).toEqual(new Set(['["open",{"tide":{"n":1}}]']));
      harbour.publish("tide", { n: 2 });
      await page.see("a", "the second event", ({ received }) => received.length === 2);
      expect((await page.look("b")).received).toEqual(['tide {"n":2} -']);
      expect(harbour.runs).toHaveLength(1);
    });

    test("shares none among components with other options, or that want their own", async () => {
      const { harbour, page } = await start();
      const specs: Spec[] = [
        { tag: "a" },
        { tag: "retry", options: { retry: 3 } },
        { tag: "interval", options: { retryInterval: 50 } },
        { tag: "headers", options: { headers: { "x-attempt": "h" } } },
        { tag: "function", options: { count: "headers" } },
        { tag: "validate", options: { count: "validate" } },
        { tag: "own", options: { ownConnection: true } },
        { tag: "position", options: { lastEventId: "40" } },
      ];
      await page.render(specs);
      // Six connections at once are all that a browser opens over HTTP/1.1.
      await streams(harbour, 6);
      await page.render(specs.slice(4));
      await waitFor(() => harbour.runs.length === specs.length, { what: "the other streams" });
      await streams(harbour, 4);
      expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toContain("40");
      expect(harbour.runs.map(({ attempt }) => attempt)).toEqual(expect.arrayContaining(["h", "1"]));
    });

    test("keeps it for a component that is mounted elsewhere at once", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a" }]);
      await page.see("a", "open", isOpen);
      await page.render([{ tag: "b" }]);
      await page.see("b", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      await page.see("b", "the event", ({ received }) => received.length === 1);
      expect((await page.look("a")).received).toEqual([]);
      expect(harbour.runs.map(({ reason }) => reason)).toEqual([undefined]);
    });

    test("closes it when the last of its components goes, which the server notices", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a" }, { tag: "b" }], true);
      await page.see("b", "open", isOpen);
      await page.render([{ tag: "b" }], true);
      harbour.publish("tide", { n: 1 });
      await page.see("b", "an event", ({ received }) => received.length === 1);
      expect(harbour.runs.map(({ reason }) => reason)).toEqual([undefined]);
      await page.render([], true);
      await streams(harbour, 0);
      expect(harbour.runs.map(({ reason }) => reason)).toEqual(["client"]);
    });
  });

  describe("status", () => {
    test("F14: tells of a server that restarts, and goes on after the last event", async () => {
      const { harbour, page } = await start();
      const reads: Spec["reads"] = ["status", "isConnected", "retryCount"];
      await page.render([{ tag: "a", reads, reduces: true }], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 }, { id: "one" });
      await page.see("a", "the event", ({ state }) => state?.length === 1);
      await harbour.crash();
      await page.see("a", "attempts", ({ shown }) => /"reconnecting",false,[2-9]/.test(shown.at(-1) ?? ""));
      expect((await page.look("a")).error).toMatchObject({ code: "PINE_CLIENT_CONNECTION" });
      const second = await startHarbour({ port: harbour.port });
      await page.see("a", "open again", isOpen);
      second.publish("tide", { n: 2 }, { id: "two" });
      const seen = await page.see("a", "the next event", ({ state }) => state?.length === 2);
      expect(seen.state).toEqual([1, 2]);
      expect(seen.error).toBeUndefined();
      expect(second.runs.map(({ lastEventId }) => lastEventId)).toEqual(["one"]);
      const statuses = seen.shown.map((line) => JSON.parse(line)[0]);
      const changes = statuses.filter((status, index) => status !== statuses[index - 1]);
      expect(changes).toEqual(["connecting", "open", "reconnecting", "open"]);
      expect(seen.shown).toContain('["connecting",false,0]');
      expect(seen.shown).toContain('["open",true,0]');
    });

    test("is failed, with the error, where the server refuses", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", method: "refuse" }], true);
      const seen = await page.see("a", "failed", ({ shown }) => shown.at(-1) === '["failed"]');
      expect(seen.error).toEqual({ name: "ResponseError", code: "PINE_CLIENT_RESPONSE", status: 404 });
      expect(harbour.runs).toHaveLength(1);
      // Who comes later tries again, and those before keep what they were told.
      await page.render(
        [
          { tag: "a", method: "refuse" },
          { tag: "b", method: "refuse" },
        ],
        true,
      );
      await page.see("b", "failed", ({ shown }) => shown.at(-1) === '["failed"]');
      expect(harbour.runs).toHaveLength(2);
      expect((await page.look("a")).shown.at(-1)).toBe('["failed"]');
    });

    test.each([
      ["without retries", { retry: false }, 0],
      ["after as many as it may", { retry: 2, retryInterval: 1 }, 2],
    ])("is failed when the server has gone: %s", async (_, options, retryCount) => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", options, reads: ["status", "retryCount"] }]);
      await page.see("a", "open", isOpen);
      await harbour.crash();
      const { shown } = await page.see("a", "failed", ({ shown }) => shown.at(-1)?.includes("failed"));
      expect(shown.at(-1)).toBe(`["failed",${retryCount}]`);
    });

    test("is ended by the server, with all events before the end", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", reads: ["status", "isEnded", "latest"] }], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      harbour.publish("tide", { n: 2 });
      harbour.end();
      const seen = await page.see("a", "the end", ({ shown }) => shown.at(-1)?.includes("ended"));
      expect(seen.received).toHaveLength(2);
      const ended = seen.shown.filter((line) => line.includes("ended"));
      expect(new Set(ended)).toEqual(new Set(['["ended",true,{"tide":{"n":2}}]']));
      expect(harbour.runs).toHaveLength(1);
    });

    test("is idle while not enabled; what is enabled again goes on after the last event", async () => {
      const { harbour, page } = await start();
      const spec: Spec = { tag: "a", reduces: true, reads: ["status", "latest"] };
      await page.render([{ ...spec, options: { enabled: false } }], true);
      await page.see("a", "idle", ({ shown }) => shown.at(-1) === '["idle",{}]');
      expect(harbour.runs).toEqual([]);
      await page.render([spec], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 }, { id: "one" });
      await page.see("a", "the event", ({ state }) => state?.length === 1);
      await page.render([{ ...spec, options: { enabled: false } }], true);
      await streams(harbour, 0);
      await page.see(
        "a",
        "idle with what it had",
        ({ shown }) => shown.at(-1) === '["idle",{"tide":{"n":1}}]',
      );
      await page.render([spec], true);
      const { shown } = await page.see("a", "open again", isOpen);
      expect(shown.at(-1)).toBe('["open",{"tide":{"n":1}}]');
      harbour.publish("tide", { n: 2 }, { id: "two" });
      await page.see("a", "the next event", ({ state }) => state?.length === 2);
      expect((await page.look("a")).state).toEqual([1, 2]);
      expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toEqual([undefined, "one"]);
    });

    test("goes on after its last event also where others have gone on without it", async () => {
      const { harbour, page } = await start();
      const [a, b] = ["a", "b"].map((tag): Spec => ({ tag, reduces: true })) as [Spec, Spec];
      await page.render([a, b]);
      await page.see("b", "open", isOpen);
      harbour.publish("tide", { n: 1 }, { id: "one" });
      await page.see("a", "the event", ({ state }) => state?.length === 1);
      await page.render([{ ...a, options: { enabled: false } }, b]);
      await page.see("a", "idle", ({ shown }) => shown.at(-1) === '["idle"]');
      harbour.publish("tide", { n: 2 }, { id: "two" });
      await page.see("b", "what a misses", ({ state }) => state?.length === 2);
      await page.render([a, b]);
      await streams(harbour, 2);
      expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toEqual([undefined, "one"]);
      harbour.publish("tide", { n: 3 }, { id: "three" });
      for (const tag of ["a", "b"]) {
        await page.see(tag, "the next event", ({ state }) => state?.at(-1) === 3);
      }
      // This server keeps nothing that it could send again.
      expect((await page.look("a")).state).toEqual([1, 3]);
      expect((await page.look("b")).state).toEqual([1, 2, 3]);
    });

    test("begins anew when it is enabled again after the end", async () => {
      const { harbour, page } = await start();
      const spec: Spec = { tag: "a", reduces: true, reads: ["status", "latest"] };
      await page.render([spec], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 }, { id: "one" });
      harbour.end();
      await page.see(
        "a",
        "the end",
        ({ shown, state }) => shown.at(-1)?.includes("ended") && state?.length === 1,
      );
      await page.render([{ ...spec, options: { enabled: false } }], true);
      await page.see("a", "idle", ({ shown }) => shown.at(-1)?.includes("idle"));
      await page.render([spec], true);
      const seen = await page.see("a", "open again", isOpen);
      expect(seen.state).toEqual([]);
      expect(seen.shown.at(-1)).toBe('["open",{}]');
      expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toEqual([undefined, undefined]);
    });
  });

  // `<Activity>` came with React 19.2.
  const describeHidden = react.version >= 19 ? describe : undefined;
  describeHidden?.("a component that React hides", () => {
    test("has no connection, and goes on after its last event when it is shown", async () => {
      const { harbour, page } = await start();
      const spec: Spec = { tag: "a", reduces: true, hidden: false };
      await page.render([spec], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 }, { id: "one" });
      await page.see("a", "the event", ({ state }) => state?.length === 1);
      await page.render([{ ...spec, hidden: true }], true);
      await streams(harbour, 0);
      await page.render([spec], true);
      await streams(harbour, 1);
      harbour.publish("tide", { n: 2 }, { id: "two" });
      await page.see("a", "the next event", ({ state }) => state?.length === 2);
      expect(harbour.runs.map(({ lastEventId }) => lastEventId)).toEqual([undefined, "one"]);
    });

    test("does not ask again for a stream that has ended", async () => {
      const { harbour, page } = await start();
      const spec: Spec = { tag: "a", reduces: true, hidden: false };
      await page.render([spec], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      harbour.end();
      await page.see("a", "the end", ({ shown }) => shown.at(-1) === '["ended"]');
      await page.render([{ ...spec, hidden: true }], true);
      await page.render([spec, { tag: "b", params: { berth: 2 } }], true);
      await page.see("b", "open", isOpen);
      expect((await page.look("a")).shown.at(-1)).toBe('["ended"]');
      expect((await page.look("a")).state).toEqual([1]);
      expect(harbour.runs).toHaveLength(2);
    });
  });

  describe("functions of the application", () => {
    test("a handler that throws is reported, and stops nobody", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", throws: true }, { tag: "b" }]);
      await page.see("b", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      harbour.publish("tide", { n: 2 });
      await page.see("b", "both events", ({ received }) => received.length === 2);
      expect((await page.look("a")).received).toHaveLength(2);
      const { uncaught } = await page.lookAround();
      expect(uncaught).toEqual(["thrown by a", "thrown by a"]);
    });

    test("a reducer that throws is reported, and leaves the state as it was", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", reduces: true, throws: true }]);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      const { state } = await page.see("a", "the event", ({ received }) => received.length === 1);
      expect(state).toEqual([]);
      expect((await page.lookAround()).uncaught).toEqual(["thrown by a"]);
    });

    test("headers are asked for at every attempt, and a render does not reconnect", async () => {
      const { harbour, page } = await start();
      const spec: Spec = { tag: "a", options: { count: "headers" } };
      await page.render([spec], true);
      await page.see("a", "open", isOpen);
      const { commits } = await page.look("a");
      await page.render([{ ...spec, version: "2" }], true);
      await page.see("a", "another render", (seen) => seen.commits > commits);
      expect(harbour.runs.map(({ attempt }) => attempt)).toEqual(["1"]);
      await harbour.crash();
      const second = await startHarbour({ port: harbour.port });
      await waitFor(() => second.runs.length > 0, { what: "the next attempt" });
      expect(Number(second.runs[0]?.attempt)).toBeGreaterThan(1);
    });

    test("validate sees every event once", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a", options: { count: "validate" } }], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      const { called } = await page.see("a", "the event", ({ received }) => received.length === 1);
      expect(called).toBe(1);
    });

    test("other parameters begin with the initial state and no latest data", async () => {
      const { harbour, page } = await start();
      const spec: Spec = { tag: "a", reduces: true, reads: ["status", "latest"], params: { berth: 1 } };
      await page.render([spec], true);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      await page.see("a", "the event", ({ state }) => state?.length === 1);
      const before = (await page.look("a")).shown.length;
      await page.render([{ ...spec, params: { berth: 2 } }], true);
      const seen = await page.see(
        "a",
        "the other stream",
        (seen) => seen.shown.length > before && isOpen(seen),
      );
      expect(seen.state).toEqual([]);
      expect(seen.shown.slice(before).filter((line) => line.includes("tide"))).toEqual([]);
    });
  });

  describe("renders", () => {
    test("a component that does not read latest is not rendered for events", async () => {
      const { harbour, page } = await start();
      await page.render([
        { tag: "a", reads: ["status", "isConnected"] },
        { tag: "b", reads: ["latest"] },
      ]);
      await page.see("a", "open", isOpen);
      for (let n = 1; n <= 3; n++) {
        harbour.publish("tide", { n });
        await page.see("b", `event ${n}`, ({ shown }) => shown.at(-1) === `[{"tide":{"n":${n}}}]`);
      }
      const { renders, received } = await page.look("a");
      expect(received).toHaveLength(3);
      expect(renders).toBe(2);
      expect((await page.look("b")).renders).toBe(5);
    });

    test("a component that begins to read latest has it at once, and is rendered for events from then on", async () => {
      const { harbour, page } = await start();
      await page.render([{ tag: "a" }]);
      await page.see("a", "open", isOpen);
      harbour.publish("tide", { n: 1 });
      await page.see("a", "an event", ({ received }) => received.length === 1);
      await page.render([{ tag: "a" }, { tag: "b", reads: ["latest"] }]);
      await page.see("b", "the event", ({ shown }) => shown.at(-1) === '[{"tide":{"n":1}}]');
      const { renders } = await page.look("a");
      await page.render([{ tag: "a", reads: ["latest"] }]);
      const { shown } = await page.see("a", "another render", (seen) => seen.renders > renders);
      expect(shown[renders]).toBe('[{"tide":{"n":1}}]');
      harbour.publish("tide", { n: 2 });
      await page.see("a", "the next event", ({ shown }) => shown.at(-1) === '[{"tide":{"n":2}}]');
    });

    test.each([false, true])(
      "a burst is neither lost nor doubled, and rendered a few times; strict: %s",
      async (strict) => {
        const { page } = await start();
        await page.render([{ tag: "a", method: "streamBurst", reduces: true }], strict);
        const seen = await page.see("a", "the end", ({ shown }) => shown.at(-1) === '["ended"]');
        expect(seen.state).toEqual(Array.from({ length: BURST }, (_, index) => index + 1));
        expect(seen.received).toHaveLength(BURST);
        expect(seen.commits).toBeLessThan(BURST / 50);
        console.log(`${BURST} events: ${seen.commits} commits`);
      },
    );
  });
});
