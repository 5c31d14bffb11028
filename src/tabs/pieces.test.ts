import { describe, expect, test } from "vitest";
import { expected, PARSER_CASES, type ParserResult } from "../../test/client/parser-cases.ts";
import { createEventStreamReader } from "../wire/event-stream-reader.ts";
import { isEventStream, readAnswer, readPieces, type Piece } from "./pieces.ts";

/** A response whose body comes in pieces of that many bytes. */
function respond(text: string, size: number): Response {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, (at += size)));
      else controller.close();
    },
  });
  return new Response(body);
}

async function readAll(response: Response, lastEventId = ""): Promise<Piece[]> {
  const pieces: Piece[] = [];
  await readPieces(response, lastEventId, (piece) => void pieces.push(piece));
  return pieces;
}

/** What a client makes of what is passed on to it. */
function parse(pieces: Piece[]): ParserResult {
  const events: ParserResult["events"] = [];
  const reader = createEventStreamReader(
    { onEvent: ({ event, data, id }) => events.push([event, data, id]) },
    "",
  );
  for (const { events, comments, preamble } of pieces) {
    const text = preamble + events.map((event) => event.text).join("") + comments;
    reader.push(new TextEncoder().encode(text));
  }
  return { events, lastEventId: reader.lastEventId, retry: reader.retryMs ?? null };
}

describe("what is passed on of a stream", () => {
  describe.each([1, 3, 1e9])("in pieces of %i bytes", (size) => {
    test.each(PARSER_CASES)("F34: means the same: $name", async (parserCase) => {
      expect(parse(await readAll(respond(parserCase.stream, size)))).toEqual(expected(parserCase));
    });
  });

  test("is whole events, with the id where it changes, and written at each for who begins there", async () => {
    const [piece] = await readAll(respond("id: 1\ndata: a\n\ndata: b\n\nid: 2\n\ndata: unfin", 1e9));
    expect(piece?.events).toEqual([
      { id: "1", text: "id: 1\nevent: message\ndata: a\n\n" },
      { text: "id: 1\nevent: message\ndata: b\n\n" },
      { id: "2", text: "id: 2\n\n" },
    ]);
  });

  test("takes no position away from who has one, where the stream has none", async () => {
    const [piece] = await readAll(respond("data: a\n\n", 1e9));
    expect(piece?.events).toEqual([{ text: "event: message\ndata: a\n\n" }]);
    const [reset] = await readAll(respond("id\ndata: a\n\n", 1e9), "5");
    expect(reset?.events).toEqual([{ id: "", text: "id: \nevent: message\ndata: a\n\n" }]);
  });

  test("has comments at once, and for who comes later the keep-alive and the reconnection time", async () => {
    const pieces = await readAll(respond(": keep-alive 15000\n\nretry: 7\n\n:\n\n: x\n", 1e9));
    expect(pieces).toEqual([
      {
        events: [],
        comments: ": keep-alive 15000\n\n: \n\n: x\n\n",
        preamble: ": keep-alive 15000\n\nretry: 7\n\n",
        keepAliveMs: 15_000,
      },
    ]);
    expect(parse(pieces).retry).toBe(7);
  });

  test("is no more than 16 Mi code units of an event that does not end", async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => controller.enqueue(new Uint8Array(1_048_576).fill(0x61)),
      cancel: () => void (isCancelled = true),
    });
    await expect(readAll(new Response(body))).rejects.toThrow("too long");
    expect(isCancelled).toBe(true);
  });
});

describe("an answer that is no stream", () => {
  const ok = (type: string) => new Response("x", { headers: { "content-type": type } });

  test("is told by its status and type, as the client does", () => {
    expect(["text/event-stream", "Text/Event-Stream ; charset=x"].map(ok).every(isEventStream)).toBe(true);
    expect(["text/html", "text/event-streams", ""].map(ok).some(isEventStream)).toBe(false);
    const headers = { "content-type": "text/event-stream" };
    expect(isEventStream(new Response("", { status: 206, headers }))).toBe(false);
  });

  test("is passed on with the beginning of what it says, and nothing of a success", async () => {
    const response = new Response("x".repeat(100_000), { status: 403, headers: { "x-why": "tide" } });
    const { head, body } = await readAnswer(response);
    expect(head[0]).toBe(403);
    expect(new Headers(head[2]).get("x-why")).toBe("tide");
    expect(body).toHaveLength(65_536);
    expect((await readAnswer(ok("text/html"))).body).toBe("");
  });
});
