// What a stream's consumers can rely on, with a `fetch` that the test answers piece by piece.
import { getEventListeners } from "node:events";
import {
  ConnectionError,
  createClient,
  ResponseError,
  SubscriptionClosedError,
  type CallMethod,
  type ClientOptions,
  type StreamMethod,
} from "pinestream/client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { settles, turns, waitFor } from "../helpers/wait-for.ts";

afterEach(() => void vi.unstubAllGlobals());

/** A request, to be answered by hand with an open stream. */
interface Pending {
  url: string;
  init: RequestInit;
  /** Pieces that were asked for beyond those given. */
  pulls: number;
  isCancelled: boolean;
  send(text: string): void;
  finish(): void;
}

interface Api {
  test: {
    run: StreamMethod<{ a?: number; b?: string }, { tick: number; tock: string }>;
    ask: CallMethod<{ a?: number; b?: number }, unknown>;
  };
}

const ENDPOINTS = {
  test: {
    run: { kind: "stream", method: "GET", path: "/run" },
    ask: { kind: "call", method: "POST", path: "/ask" },
  },
} as const;

/** Creates an api whose requests wait in `requests`. */
function createApi(options: ClientOptions = {}) {
  const requests: Pending[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const pending: Pending = {
      url: String(url),
      init,
      pulls: 0,
      isCancelled: false,
      send: (text) => controller.enqueue(new TextEncoder().encode(text)),
      finish: () => controller.close(),
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (given) => void (controller = given),
        pull: () => void pending.pulls++,
        cancel: () => void (pending.isCancelled = true),
      },
      { highWaterMark: 0 },
    );
    requests.push(pending);
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  const retry = { interval: 1, maxInterval: 1 };
  const api = createClient<Api>(ENDPOINTS, {
    baseUrl: "http://test",
    retry,
    fetch,
    ...options,
  } as ClientOptions);
  const request = async (index = 0) => await waitFor(() => requests[index], { what: `request ${index}` });
  return { ...api.test, requests, request };
}

const tick = (count: number, id?: string) =>
  `${id === undefined ? "" : `id: ${id}\n`}event: tick\ndata: ${count}\n\n`;
const END = "event: end\ndata: END\n\n";

describe("before anybody consumes", () => {
  test("nothing is requested, and a stream may be closed", async () => {
    const { run, requests } = createApi();
    const stream = run();
    stream.onStatus(() => {});
    await turns();
    expect(stream.status).toBe("connecting");
    stream.close();
    expect(await stream.closed).toBe("closed");
    stream.on("tick", () => {});
    await turns();
    expect(requests).toEqual([]);
  });

  test("a signal that is aborted already closes it", async () => {
    const { run, requests } = createApi();
    const stream = run({}, { signal: AbortSignal.abort() });
    expect(stream.status).toBe("closed");
    stream.on("tick", () => {});
    await turns();
    expect(requests).toEqual([]);
  });

  test("the missing of an address is told", async () => {
    const { test: api } = createClient<Api>(ENDPOINTS);
    expect(() => api.run()).toThrow(ConnectionError);
    await expect(api.ask()).rejects.toThrow("POST /ask: no address; give the client a baseUrl");
  });

  test.each([
    [{ baseUrl: "http://test/" }, "http://test/api/run"],
    [{ baseUrl: "http://test/base//", prefix: "/v1/" }, "http://test/base/v1/run"],
    [{ baseUrl: "http://test", prefix: "" }, "http://test/run"],
    [{ baseUrl: "http://test", prefix: "/" }, "http://test/run"],
  ])("%j leads to %s", async (options, url) => {
    const { run, request } = createApi(options);
    using stream = run();
    stream.on("tick", () => {});
    expect((await request()).url).toBe(url);
  });

  test("equal parameters have equal keys, in whichever order", () => {
    const { run, ask } = createApi();
    expect(run.key({ a: 1, b: "x" })).toBe(run.key({ b: "x", a: 1 }));
    expect(ask.key({ a: 1, b: 2 })).toBe(ask.key({ b: 2, a: 1 }));
    const keys = [run.key(), run.key({ a: 1 }), run.key({ a: 2 }), ask.key(), ask.key({ a: 1 })];
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("handlers", () => {
  test("get what is theirs, until they are removed", async () => {
    const { run, request } = createApi();
    using stream = run();
    const seen: unknown[] = [];
    const handler = (data: unknown) => void seen.push(data);
    const remove = stream.on("tick", handler);
    stream.on("tick", handler);
    stream.on("tock", handler);
    (await request()).send(`${tick(1)}event: tock\ndata: "x"\n\nevent: other\ndata: 2\n\n`);
    await waitFor(() => seen.length === 3, { what: "three" });
    remove();
    (await request()).send(tick(3));
    await waitFor(() => seen.length === 4, { what: "four" });
    expect(seen).toEqual([1, 1, "x", 3]);
  });

  test("that throw are reported, and stop nobody", async () => {
    const reportError = vi.fn();
    vi.stubGlobal("reportError", reportError);
    const { run, request } = createApi();
    using stream = run();
    const seen: number[] = [];
    stream.on("tick", () => {
      throw new Error("handler");
    });
    stream.onStatus(() => {
      throw new Error("status");
    });
    stream.on("tick", (count) => seen.push(count));
    (await request()).send(tick(1) + tick(2));
    await waitFor(() => seen.length === 2, { what: "both" });
    expect(reportError.mock.calls.map(([error]) => error.message)).toEqual(["status", "handler", "handler"]);
  });

  test("added during an event get the next; removed ones and those of a closed stream get none", async () => {
    const { run, request } = createApi();
    const stream = run();
    const seen: string[] = [];
    stream.on("tick", (count) => {
      seen.push(`first ${count}`);
      if (count === 1) stream.on("tick", (late) => void seen.push(`late ${late}`));
      if (count === 2) remove();
      if (count === 3) stream.close();
    });
    const remove = stream.on("tick", (count) => void seen.push(`second ${count}`));
    (await request()).send(tick(1) + tick(2) + tick(3) + tick(4));
    await stream.closed;
    await turns();
    expect(seen).toEqual(["first 1", "second 1", "first 2", "late 2", "first 3"]);
    expect((await request()).isCancelled).toBe(true);
  });
});

describe("once", () => {
  test("resolves to the next such event, and leaves the stream open", async () => {
    const { run, request } = createApi();
    using stream = run();
    const first = stream.once("tick");
    (await request()).send(tick(1) + tick(2));
    expect(await first).toBe(1);
    const second = stream.once("tick");
    (await request()).send(tick(3));
    expect(await second).toBe(3);
    expect(stream.status).toBe("open");
  });

  test.each([
    ["ended", END],
    ["closed", ""],
  ])("rejects when the stream is %s before, and afterwards", async (how, bytes) => {
    const { run, request } = createApi();
    const stream = run();
    const waiting = stream.once("tick");
    const pending = await request();
    if (bytes) pending.send(bytes);
    else stream.close();
    await expect(waiting).rejects.toThrow(SubscriptionClosedError);
    await expect(stream.once("tick")).rejects.toThrow(`GET /run: ${how} before an event "tick"`);
  });

  test("rejects with what the stream failed with", async () => {
    const stream = createApi({ fetch: async () => Response.json({ message: "no" }, { status: 403 }) }).run();
    await expect(stream.once("tick")).rejects.toThrow("GET /run: 403 no");
    expect(stream.error).toBeInstanceOf(ResponseError);
  });
});

describe("loops", () => {
  test("each get every event, and what waits when the stream ends", async () => {
    const { run, request } = createApi();
    const stream = run();
    const loops = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()];
    (await request()).send(tick(1, "x") + tick(2) + END);
    await stream.closed;
    for (const loop of loops) {
      const items = [];
      for await (const item of loop) items.push(item);
      expect(items).toEqual([
        { event: "tick", data: 1, id: "x" },
        { event: "tick", data: 2, id: "x" },
      ]);
    }
  });

  test("throw what the stream failed with, after what came before, and then are over", async () => {
    const { run, request } = createApi();
    const loop = run()[Symbol.asyncIterator]();
    (await request()).send(`${tick(1)}event: tick\ndata: {\n\n`);
    expect(await loop.next()).toMatchObject({ value: { data: 1 } });
    await expect(loop.next()).rejects.toThrow("is no JSON");
    expect(await loop.next()).toEqual({ done: true, value: undefined });
  });

  test("end at a close at once, also where they wait", async () => {
    const { run, request } = createApi();
    const stream = run();
    const [full, waiting] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()];
    (await request()).send(tick(1));
    await waiting.next();
    const next = Promise.all([waiting.next(), waiting.next()]);
    stream.close();
    expect((await next).map(({ done }) => done)).toEqual([true, true]);
    expect(await full.next()).toEqual({ done: true, value: undefined });
  });

  test("that are left close the stream, unless somebody else is there", async () => {
    const { run, request } = createApi();
    const stream = run();
    const [one, two] = [stream[Symbol.asyncIterator](), stream[Symbol.asyncIterator]()];
    const remove = stream.on("tick", () => {});
    await request();
    await one.return?.();
    await two.return?.();
    expect(stream.status).not.toBe("closed");
    remove();
    const three = stream[Symbol.asyncIterator]();
    const next = three.next();
    await three.return?.();
    expect(await next).toEqual({ done: true, value: undefined });
    expect(stream.status).toBe("closed");
  });

  test("F8: hold the stream up at a hundred waiting events, and lose none", async () => {
    const { run, request } = createApi();
    const stream = run();
    const loop = stream[Symbol.asyncIterator]();
    const pending = await request();
    await waitFor(() => pending.pulls === 1, { what: "the first read" });
    pending.send(Array.from({ length: 150 }, (_, count) => tick(count)).join(""));
    await turns(20);
    expect(pending.pulls).toBe(1);
    const items: unknown[] = [];
    for (let count = 0; count < 51; count++) items.push(((await loop.next()).value as { data: number }).data);
    await waitFor(() => pending.pulls === 2, { what: "the next read" });
    pending.send(tick(150) + END);
    for await (const { data } of loop) items.push(data);
    expect(items).toEqual(Array.from({ length: 151 }, (_, count) => count));
  });

  test("that hold the stream up let go of it when they are left", async () => {
    const { run, request } = createApi();
    using stream = run();
    const loop = stream[Symbol.asyncIterator]();
    const seen: number[] = [];
    stream.on("tick", (count) => seen.push(count));
    const pending = await request();
    pending.send(tick(1).repeat(200));
    await turns(20);
    await loop.return?.();
    pending.send(tick(2));
    await waitFor(() => seen.at(-1) === 2, { what: "the next piece" });
  });

  test("that hold the stream up let go of it at the close", async () => {
    const { run, request } = createApi();
    const stream = run();
    stream[Symbol.asyncIterator]();
    const pending = await request();
    pending.send(tick(1).repeat(200));
    await turns(20);
    stream.close();
    await waitFor(() => pending.isCancelled, { what: "the cancelled body" });
  });
});

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

describe("calls", () => {
  const answer = (body: ConstructorParameters<typeof Response>[0], init: ResponseInit = {}) =>
    createApi({ fetch: async () => new Response(body, init) }).ask();

  test("give what the media type says", async () => {
    expect(
      await answer('{"a":1}', { headers: { "content-type": "application/json; charset=utf-8" } }),
    ).toEqual({
      a: 1,
    });
    expect(await answer('"x"', { headers: { "content-type": "application/problem+json" } })).toBe("x");
    expect(await answer("a,b", { headers: { "content-type": "text/csv" } })).toBe("a,b");
    expect(await answer(null, { status: 204 })).toBeUndefined();
    const blob = await answer(new Uint8Array([1, 2]), { headers: { "content-type": "image/png" } });
    expect(blob).toBeInstanceOf(Blob);
  });

  test("reject with typed errors, and an abort's reason", async () => {
    await expect(answer("<html>", { headers: { "content-type": "application/json" } })).rejects.toThrow(
      'POST /ask: the answer is no JSON: "<html>"',
    );
    const failed: ResponseError = await answer("oops", { status: 500, statusText: "Broken" }).then(
      () => expect.unreachable(),
      (error: ResponseError) => error,
    );
    expect(failed).toBeInstanceOf(ResponseError);
    expect(failed).toMatchObject({
      status: 500,
      body: "oops",
      message: "POST /ask: 500 Broken",
      statusCode: undefined,
    });
    const cause = new TypeError("refused");
    const { ask } = createApi({ fetch: () => Promise.reject(cause) });
    await expect(ask()).rejects.toMatchObject({ code: "PINE_CLIENT_CONNECTION", cause });
    const reason = new Error("changed my mind");
    await expect(ask({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });
});
