// What whoever consumes a stream can rely on: handlers, `once`, loops, and nothing before them.
import { ConnectionError, createClient, ResponseError, SubscriptionClosedError } from "pinestream/client";
import { afterEach, describe, expect, test, vi } from "vitest";
import { turns, waitFor } from "../helpers/wait-for.ts";
import { createApi, END, ENDPOINTS, tick, type Api } from "./fake-fetch.ts";

afterEach(() => void vi.unstubAllGlobals());

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
