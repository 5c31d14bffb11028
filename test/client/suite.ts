import { describe, expect, test } from "vitest";
import {
  cutAfter,
  END,
  open,
  plain,
  whole,
  write,
  type MisbehavingServer,
  type Responder,
} from "./misbehaving-server.ts";
import { expected, PARSER_CASES } from "./parser-cases.ts";
import type { CollectOptions, Environment } from "./scenarios.ts";

/** Starts the server for a test and gives the address that the environment reaches it at. */
export type StartServer = () => Promise<MisbehavingServer>;

const tick = (data: unknown, id?: number) =>
  `${id === undefined ? "" : `id: ${id}\n`}event: tick\ndata: ${JSON.stringify(data)}\n\n`;

/** Back-off that does not keep a test waiting. */
const SOON = { interval: 2, maxInterval: 10 };

/** Registers what a client has to do in any environment. */
export function describeClient(getEnvironment: () => Environment, startServer: StartServer): void {
  /** Runs a stream at `/s` against the given answers. */
  const collect = async (responders: Responder[], options: Partial<CollectOptions> = {}) => {
    const server = await startServer();
    server.script("/s", ...responders);
    const collected = await getEnvironment().run("collect", {
      path: "/s",
      ...options,
      client: { baseUrl: server.origin, retry: SOON, ...options.client },
    });
    return {
      ...collected,
      server,
      requests: server.to("/s"),
      data: collected.events.map(({ data }) => data),
    };
  };

  describe("F34: the parser, whole, byte by byte and cut at every byte", () => {
    test.each(PARSER_CASES)("$name", async (parserCase) => {
      const bytes = [...new TextEncoder().encode(parserCase.stream)];
      const results = await getEnvironment().run("parseEveryWay", { bytes });
      expect(results).toEqual([expected(parserCase)]);
    });

    test("takes broken UTF-8 as U+FFFD and goes on", async () => {
      const bytes = [...new TextEncoder().encode("data:a"), 0xf0, 0x9f, ...new TextEncoder().encode("b\n\n")];
      const results = await getEnvironment().run("parseEveryWay", { bytes });
      expect(results.map(({ events }) => events)).toEqual([[["message", "a\uFFFDb", ""]]]);
    });
  });

  describe("a stream", () => {
    test("F13: gives events with their ids, is open meanwhile, and ends at `end` without coming back", async () => {
      const { requests, ...result } = await collect([whole(`${tick(1, 7)}data: "m"\n\n${END}`)]);
      expect(result).toMatchObject({
        events: [
          { event: "tick", data: 1, id: "7" },
          { event: "message", data: "m", id: "7" },
        ],
        statuses: ["open", "ended"],
        final: "ended",
        lastEventId: "7",
      });
      expect(result.error).toBeUndefined();
      expect(requests).toHaveLength(1);
      expect(requests[0]).toMatchObject({ method: "GET", body: "" });
      expect(requests[0]?.headers).toMatchObject({ accept: "text/event-stream" });
      expect(requests[0]?.headers["last-event-id"]).toBeUndefined();
    });

    test("gives the same in a loop, which ends with it", async () => {
      const { events, final } = await collect([whole(`${tick(1)}${tick(2)}${END}`)], { loop: true });
      expect(events).toEqual([
        { event: "tick", data: 1 },
        { event: "tick", data: 2 },
      ]);
      expect(final).toBe("ended");
    });

    test("delivers nothing after `end`, and nothing after its own close", async () => {
      const ended = await collect([whole(`${END}${tick(1, 9)}`)]);
      expect(ended).toMatchObject({ events: [], lastEventId: "" });
      const closed = await collect([whole(`${tick(1)}${tick(2)}${tick(3)}`)], { closeAfter: 2 });
      expect(closed).toMatchObject({ data: [1, 2], final: "closed" });
    });

    test("has `gap` as an event", async () => {
      const gap = { topic: "posts", after: "3" };
      const { events } = await collect([whole(`id: 4\nevent: gap\ndata: ${JSON.stringify(gap)}\n\n${END}`)]);
      expect(events).toEqual([{ event: "gap", data: gap, id: "4" }]);
    });

    test("F34: takes a stream that comes byte by byte", async () => {
      const bytes = new TextEncoder().encode(`\uFEFF${tick("ä😀", 1)}${END}`.replaceAll("\n", "\r\n"));
      const slowly: Responder = async (response) => {
        await open(response);
        for (const byte of bytes) await write(response, Uint8Array.of(byte));
        response.end();
      };
      expect(await collect([slowly])).toMatchObject({ data: ["ä😀"], final: "ended" });
    });

    test("F13: ends quietly at 204, also when it comes back", async () => {
      const { requests, ...result } = await collect([plain(204)]);
      expect(result).toMatchObject({ statuses: ["ended"], final: "ended", events: [] });
      expect(result.error).toBeUndefined();
      expect(requests).toHaveLength(1);
      const again = await collect([cutAfter(tick(1, 1)), plain(204)]);
      expect(again).toMatchObject({ final: "ended", data: [1] });
      expect(again.requests).toHaveLength(2);
    });

    test("request-cache-control: asks past every cache, each time", async () => {
      const { requests } = await collect([cutAfter(""), whole(END)]);
      const expected = getEnvironment().hasCache === false ? undefined : "no-cache";
      expect(requests.map(({ headers }) => headers["cache-control"])).toEqual([expected, expected]);
    });

    test.each([301, 302, 303, 307, 308])("follows a redirect (%i)", async (status) => {
      const server = await startServer();
      server.script("/from", plain(status, { location: "/s" }));
      server.script("/s", whole(`${tick(1)}${END}`));
      const client = { baseUrl: server.origin, retry: SOON };
      expect(await getEnvironment().run("collect", { path: "/from", client })).toMatchObject({
        events: [{ data: 1 }],
        final: "ended",
      });
    });
  });

  describe("a stream that breaks", () => {
    test("F18: cut within an event, goes on after the last whole one", async () => {
      const { requests, ...result } = await collect([
        cutAfter(`${tick(1, 1)}id: 2\nevent: tick\ndata: "unfin`),
        whole(`${tick(2, 2)}${END}`),
      ]);
      expect(result).toMatchObject({
        data: [1, 2],
        statuses: ["open", "reconnecting/1", "open", "ended"],
        final: "ended",
      });
      expect(requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1"]);
      expect(requests.map(({ url }) => url.search)).toEqual(["", ""]);
    });

    test("cut within a code point, starts afresh", async () => {
      const bytes = new TextEncoder().encode(tick("😀", 2));
      const { data } = await collect([
        cutAfter(bytes.subarray(0, bytes.indexOf(0xf0) + 2)),
        whole(`\uFEFF${tick("😀", 2)}${END}`),
      ]);
      expect(data).toEqual(["😀"]);
    });

    test("keeps its position over attempts that bring none, and loses it to an empty id", async () => {
      const { requests } = await collect([
        cutAfter(tick(1, 5)),
        plain(503),
        cutAfter(tick(2)),
        cutAfter(`id\ndata: 3\n\n`),
        whole(END),
      ]);
      const ids = requests.map(({ headers }) => headers["last-event-id"]);
      expect(ids).toEqual([undefined, "5", "5", "5", undefined]);
    });

    test("goes on from a given position, with other than ASCII in the query", async () => {
      const { requests } = await collect([cutAfter("id: ä&b\ndata: 1\n\n"), whole(END)], {
        call: { lastEventId: "given" },
      });
      expect(requests.map(({ headers }) => headers["last-event-id"])).toEqual(["given", undefined]);
      expect(requests.map(({ url }) => url.searchParams.get("lastEventId"))).toEqual([null, "ä&b"]);
    });

    test("closed without `end`, comes back", async () => {
      const { data, statuses } = await collect([whole(tick(1)), whole(`${tick(2)}${END}`)]);
      expect(data).toEqual([1, 2]);
      expect(statuses).toEqual(["open", "reconnecting/1", "open", "ended"]);
    });

    test("F5, F26: silent for longer than its keep-alive, is given up and opened again", async () => {
      const { data, requests } = await collect([
        async (response) => await open(response, `: keep-alive 20\n\n${tick(1, 1)}`),
        whole(`${tick(2)}${END}`),
      ]);
      expect(data).toEqual([1, 2]);
      expect(requests[1]?.headers["last-event-id"]).toBe("1");
    });

    test("F25: kept alive by comments, is left alone", async () => {
      const patient: Responder = async (response) => {
        await open(response, ": keep-alive 200\n\n");
        // All in all longer than the watchdog would wait.
        for (let count = 0; count < 12; count++) {
          await new Promise((resolve) => setTimeout(resolve, 50));
          await write(response, ":\n\n");
        }
        response.end(`${tick(1)}${END}`);
      };
      const { data, statuses } = await collect([patient]);
      expect({ data, statuses }).toEqual({ data: [1], statuses: ["open", "ended"] });
    });

    test("fails once its attempts are used up, with what broke it", async () => {
      const { error, statuses, requests } = await collect([cutAfter(""), plain(502)], {
        client: { retry: { ...SOON, retries: 2 } },
      });
      expect(statuses).toEqual(["open", "reconnecting/1", "reconnecting/2", "failed/2"]);
      expect(error).toMatchObject({ name: "ResponseError", status: 502 });
      expect(requests).toHaveLength(3);
    });

    test("fails with a ConnectionError where no server is", async () => {
      const server = await startServer();
      const { final, error } = await getEnvironment().run("collect", {
        path: "/s",
        client: { baseUrl: server.origin.replace(/\d+$/, "1"), retry: { ...SOON, retries: 1 } },
      });
      expect({ final, code: error?.code }).toEqual({ final: "failed", code: "PINE_CLIENT_CONNECTION" });
    });

    test("F23: asks for its headers at each attempt", async () => {
      const { requests } = await collect([cutAfter(""), plain(500), whole(END)], {
        countingHeader: "authorization",
      });
      expect(requests.map(({ headers }) => headers["authorization"])).toEqual(["1", "2", "3"]);
    });
  });

  describe("an answer that is no stream", () => {
    test.each([408, 429, 500, 502, 503, 504])("F14: %i is tried again", async (status) => {
      const { data, statuses, requests } = await collect([plain(status), whole(`${tick(1)}${END}`)]);
      expect(data).toEqual([1]);
      expect(requests).toHaveLength(2);
      // A browser may repeat a request by itself after 408 on a connection that it had used before.
      if (status !== 408) expect(statuses).toEqual(["reconnecting/1", "open", "ended"]);
    });

    test.each([
      ["in seconds", () => "0"],
      ["as a date", () => new Date(0).toUTCString()],
    ])("503 with Retry-After %s is tried again", async (_form, value) => {
      const { final } = await collect([plain(503, { "retry-after": value() }), whole(END)]);
      expect(final).toBe("ended");
    });

    test.each([201, 205, 206, 210, 299, 400, 401, 403, 404, 410, 422])("F14: %i is final", async (status) => {
      const { requests, ...result } = await collect([
        plain(status, status === 205 ? {} : { "content-type": "text/event-stream" }),
      ]);
      expect(result).toMatchObject({ statuses: ["failed"], error: { name: "ResponseError", status } });
      expect(requests).toHaveLength(1);
    });

    test("a final one's message and issues are in the error", async () => {
      const issues = [{ path: ["userId"], message: "missing (number)" }];
      const body = JSON.stringify({ statusCode: 400, error: "Bad Request", message: "Look here", issues });
      const { error } = await collect([plain(400, { "content-type": "application/json" }, body)], {
        loop: true,
      });
      expect(error).toEqual({
        name: "ResponseError",
        code: "PINE_CLIENT_RESPONSE",
        message: "GET /s: 400 Look here",
        status: 400,
        issues,
      });
    });

    test.each([
      ["text/html"],
      ["text/event-streams"],
      ["x-bogus"],
      ["text/x-bogus"],
      ["application/json; x=text/event-stream"],
    ])("format-mime-bogus: %s fails", async (type) => {
      const { error, requests } = await collect([plain(200, { "content-type": type }, tick(1))]);
      expect(error).toMatchObject({ code: "PINE_CLIENT_FORMAT" });
      expect(error?.message).toContain(type);
      expect(requests).toHaveLength(1);
    });

    test.each([["text/event-stream;"], ["Text/Event-Stream; charset=latin1"], ["text/event-stream ; x=y"]])(
      "format-mime-trailing-semicolon: %s is fine, and always UTF-8",
      async (type) => {
        expect(await collect([plain(200, { "content-type": type }, `${tick("ä")}${END}`)])).toMatchObject({
          data: ["ä"],
        });
      },
    );

    test("data that is no JSON, and an event beyond the bound, fail the stream", async () => {
      const broken = await collect([whole("event: tick\ndata: {x\n\n")]);
      expect(broken.error?.message).toBe('GET /s: the data of event "tick" is no JSON: "{x"');
      const long = await collect([whole(`data: "${"x".repeat(100)}`)], { client: { maxEventLength: 100 } });
      expect(long.error).toMatchObject({ code: "PINE_CLIENT_FORMAT" });
      expect(long.error?.message).toContain("maxEventLength");
    });
  });

  describe("a POST stream", () => {
    const post = { method: "POST", params: { prompt: "x", at: "y" } } as const;

    test("F27: is not sent again before there is a position", async () => {
      const { requests, ...result } = await collect([cutAfter(tick(1))], post);
      expect(result).toMatchObject({ data: [1], final: "failed", error: { code: "PINE_CLIENT_CONNECTION" } });
      expect(requests).toHaveLength(1);
      expect((await collect([plain(503)], post)).requests).toHaveLength(1);
    });

    test("goes on from its position with the same body", async () => {
      const { requests, data } = await collect([cutAfter(tick(1, 1)), whole(`${tick(2)}${END}`)], post);
      expect(data).toEqual([1, 2]);
      expect(requests.map(({ body }) => JSON.parse(body))).toEqual([post.params, post.params]);
      expect(requests.map(({ headers }) => headers["last-event-id"])).toEqual([undefined, "1"]);
      expect(requests[0]?.headers["content-type"]).toBe("application/json");
    });
  });
}
