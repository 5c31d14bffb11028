// When a stream is opened again, and when not any more.
import { getEventListeners } from "node:events";
import { ResponseError } from "pinestream/client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { settles, turns, waitFor } from "../helpers/wait-for.ts";
import { createApi, END, tick } from "./fake-fetch.ts";

afterEach(() => void vi.unstubAllGlobals());

describe("ends", () => {
  test("a signal closes the stream, also where fetch takes no notice of it", async () => {
    const controller = new AbortController();
    const never = createApi({ fetch: () => new Promise(() => {}) }).run({}, { signal: controller.signal });
    const { run, request } = createApi();
    const open = run({}, { signal: controller.signal });
    for (const stream of [never, open]) stream.on("tick", () => {});
    await waitFor(() => open.status === "open", { what: "the open stream" });
    controller.abort();
    expect([never.status, open.status]).toEqual(["closed", "closed"]);
    expect(await settles(Promise.all([never.closed, open.closed]), { what: "both" })).toEqual([
      "closed",
      "closed",
    ]);
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
    const { init, isCancelled } = await request();
    expect(init.signal?.aborted).toBe(true);
    expect(isCancelled).toBe(true);
  });

  test.each([
    ["at the first attempt", 0],
    ["at a later one", 1],
  ])("a stream that its own function for headers closes stays closed, %s", async (_when, attempt) => {
    let asked = 0;
    const { run, request, requests } = createApi({
      headers: () => {
        if (asked++ === attempt) stream.close();
        return {};
      },
    });
    const stream = run();
    const statuses: string[] = [];
    stream.onStatus((status) => statuses.push(status));
    stream.on("tick", () => {});
    if (attempt > 0) (await request()).finish();
    const last = await request(attempt);
    await waitFor(() => last.isCancelled, { what: "the end of its request" });
    expect(last.init.signal?.aborted).toBe(true);
    expect(statuses).toEqual(attempt > 0 ? ["open", "reconnecting", "closed"] : ["closed"]);
    expect(requests).toHaveLength(attempt + 1);
  });

  test.each([
    ["of a stream that its status handler closes", "text/event-stream", "closed"],
    ["of another media type", "text/html", "failed"],
  ])("the body %s is let go of, also where fetch takes no notice of signals", async (_of, type, final) => {
    let isCancelled = false;
    const body = () => new ReadableStream({ cancel: () => void (isCancelled = true) });
    const stream = createApi({
      fetch: async () => new Response(body(), { headers: { "content-type": type } }),
    }).run();
    stream.onStatus((status) => status === "open" && stream.close());
    stream.on("tick", () => {});
    await waitFor(() => isCancelled, { what: "the end of the body" });
    expect(stream.status).toBe(final);
  });

  test("`using` closes it, in both forms", async () => {
    const { run } = createApi();
    const streams = [];
    {
      using one = run();
      await using two = run();
      streams.push(one, two);
    }
    expect(streams.map(({ status }) => status)).toEqual(["closed", "closed"]);
  });

  test("only the first counts", async () => {
    const { run, request } = createApi();
    const stream = run();
    stream.on("tick", () => {});
    (await request()).send(END);
    await stream.closed;
    stream.close();
    expect(stream.status).toBe("ended");
  });
});

describe("validate", () => {
  test("gives the data to hand on, for all events but gap", async () => {
    const { run, request } = createApi();
    const stream = run({}, { validate: (event, data) => `${event} ${String(data)}` });
    const seen: unknown[] = [];
    stream.on("tick", (data) => seen.push(data));
    stream.on("gap", (data) => seen.push(data));
    (await request()).send(`${tick(1)}event: gap\ndata: {"topic":"t","after":"1"}\n\n${END}`);
    await stream.closed;
    expect(seen).toEqual(["tick 1", { topic: "t", after: "1" }]);
  });

  test("fails the stream with what it throws", async () => {
    const { run, request } = createApi();
    const error = new Error("not that");
    const stream = run(
      {},
      {
        validate: () => {
          throw error;
        },
      },
    );
    const seen = vi.fn();
    stream.on("tick", seen);
    (await request()).send(tick(1));
    expect(await stream.closed).toBe("failed");
    expect(stream.error).toBe(error);
    expect(seen).not.toHaveBeenCalled();
  });
});

describe("reconnecting", () => {
  test("F23: a header function that fails is asked again, unless what it was refused with is final", async () => {
    let asked = 0;
    const { run, request } = createApi({
      headers: async () => {
        if (++asked === 1) throw new Error("offline");
        return { authorization: "yes", "x-none": undefined, "x-call": "the client's" };
      },
    });
    using stream = run({}, { headers: { "X-Call": "1" } });
    stream.on("tick", () => {});
    const { init } = await request();
    expect(Object.fromEntries(init.headers as Headers)).toEqual({
      accept: "text/event-stream",
      authorization: "yes",
      "x-call": "1",
    });

    const refused = createApi({
      headers: () => {
        throw new ResponseError("POST /refresh", 401, { message: "sign in" });
      },
    }).run();
    refused.on("tick", () => {});
    expect(await refused.closed).toBe("failed");
  });

  test.each([
    ["120", 120],
    ["0", 0],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", undefined],
    ["", undefined],
  ])("reads Retry-After %j as %s s", async (header, seconds) => {
    const stream = createApi({
      fetch: async () => new Response("", { status: 503, headers: { "retry-after": header } }),
      retry: { retries: 0 },
    }).run();
    stream.on("tick", () => {});
    await stream.closed;
    expect((stream.error as ResponseError).retryAfter).toBe(seconds);
  });

  test("F26: wakes where the platform tells, and listens no longer than the stream lasts", async () => {
    const page = new EventTarget();
    const document = Object.assign(new EventTarget(), { visibilityState: "hidden" });
    vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
    vi.stubGlobal("document", document);
    const { run, request, requests } = createApi({
      retry: { interval: 1e9, maxInterval: 1e9, random: () => 1 },
    });
    const stream = run();
    stream.on("tick", () => {});
    for (const [index, wake] of [
      () => page.dispatchEvent(new Event("online")),
      () => page.dispatchEvent(new Event("pageshow")),
      () => document.dispatchEvent(new Event("visibilitychange")),
    ].entries()) {
      (await request(index)).finish();
      await waitFor(() => stream.status === "reconnecting", { what: "the wait" });
      document.visibilityState = "hidden";
      document.dispatchEvent(new Event("visibilitychange"));
      await turns();
      expect(requests).toHaveLength(index + 1);
      document.visibilityState = "visible";
      wake();
      await request(index + 1);
      await waitFor(() => stream.status === "open", { what: "the open stream" });
    }
    expect(getEventListeners(page, "online")).toHaveLength(1);
    stream.close();
    for (const event of ["online", "pageshow"]) expect(getEventListeners(page, event)).toEqual([]);
    expect(getEventListeners(document, "visibilitychange")).toEqual([]);
  });

  test("F27: a page that is hidden and shown again re-sends nothing, and closes nothing", async () => {
    const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
    vi.stubGlobal("document", document);
    const { run, ask, request, requests } = createApi();
    using stream = run();
    const seen: number[] = [];
    stream.on("tick", (count) => seen.push(count));
    const pending = await request();
    pending.send(": keep-alive 15000\n\n");
    await waitFor(() => pending.pulls === 2, { what: "the next read" });
    void ask({ a: 1 });
    await request(1);
    for (const state of ["hidden", "visible", "hidden", "visible"]) {
      document.visibilityState = state;
      document.dispatchEvent(new Event("visibilitychange"));
      await turns();
    }
    pending.send(tick(1));
    await waitFor(() => seen.length === 1, { what: "an event on the same connection" });
    expect(requests.map(({ init }) => init.method)).toEqual(["GET", "POST"]);
    expect(pending.isCancelled).toBe(false);
  });

  test("F15: a server that only accepts and breaks off is asked less and less often", async () => {
    const waits: number[] = [];
    const original = globalThis.setTimeout;
    vi.stubGlobal("setTimeout", (act: () => void, delayMs: number) => {
      // The watchdog's are longer than a second.
      if (delayMs < 1_000) waits.push(delayMs);
      return original(act, delayMs);
    });
    const comment = ": keep-alive 15000\n\n";
    const { run } = createApi({
      fetch: async () => new Response(comment, { headers: { "content-type": "text/event-stream" } }),
    });
    const stream = run({}, { retry: { interval: 1, maxInterval: 16, random: () => 1 } });
    const counts = new Set<number>();
    stream.onStatus(() => {
      counts.add(stream.retryCount);
      if (waits.length === 7) stream.close();
    });
    stream.on("tick", () => {});
    await stream.closed;
    expect(waits).toEqual([1, 2, 4, 8, 16, 16, 16]);
    // It was open each time, so what its user sees is a first attempt, again and again.
    expect(counts).toEqual(new Set([0, 1]));
  });

  test.each([
    ["an event", [tick(1)]],
    ["a further sign of life", [":\n\n", ":\n\n"]],
  ])("%s lets the back-off start anew", async (_what, pieces) => {
    const { run, request } = createApi({ retry: { interval: 1, maxInterval: 1e9, random: () => 1 } });
    using stream = run();
    stream.on("tick", () => {});
    // Otherwise the twentieth wait would be six days.
    for (let index = 0; index < 20; index++) {
      const pending = await request(index);
      for (const [count, piece] of pieces.entries()) {
        await waitFor(() => pending.pulls > count, { what: "the next read" });
        pending.send(piece);
      }
      pending.finish();
    }
    await request(20);
  });

  test("goes by the reconnection time that the server has sent last", async () => {
    const { run, request } = createApi({ retry: { interval: 1e9, maxInterval: 1e9, random: () => 1 } });
    using stream = run();
    stream.on("tick", () => {});
    (await request(0)).send("retry: 1000000\n\nretry: 1\n\n");
    (await request(0)).finish();
    (await request(1)).finish();
    await waitFor(() => stream.retryCount === 1, { what: "the wait" });
  });

  test("F25: a stream that its loop holds up is not taken for silent", async () => {
    const { run, request } = createApi();
    const [held, control] = [run(), run()];
    const loop = held[Symbol.asyncIterator]();
    const statuses: string[] = [];
    held.onStatus((status) => statuses.push(status));
    const pending = await request(0);
    pending.send(": keep-alive 100\n\n");
    await waitFor(() => pending.pulls === 2, { what: "the next read" });
    pending.send(tick(1).repeat(200));
    await turns(20);
    let isSilent = false;
    control.onStatus((status) => (isSilent ||= status === "reconnecting"));
    control.on("tick", () => {});
    (await request(1)).send(": keep-alive 100\n\n");
    await waitFor(() => isSilent, { what: "the silence of the other, which began later" });
    expect(statuses).toEqual(["open"]);
    control.close();
    await loop.return?.();
  });
});
