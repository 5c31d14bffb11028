import { describe, expect, test } from "vitest";
import { EventStreamReader } from "./event-stream.ts";

const read = (text: string, pieceBytes = Infinity) => {
  const reader = new EventStreamReader();
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    reader.push(bytes.subarray(at, Math.min(at + pieceBytes, bytes.length)));
  }
  return reader;
};

describe("the tests' own event stream reader", () => {
  const cases: [name: string, text: string, events: [string, string, string][]][] = [
    ["joins data lines with LF", "data: a\ndata: b\n\n", [["message", "a\nb", ""]]],
    [
      "takes CR, LF and CRLF as line ends",
      "data: a\r\rdata: b\r\n\r\ndata: c\n\nx",
      [
        ["message", "a", ""],
        ["message", "b", ""],
        ["message", "c", ""],
      ],
    ],
    ["drops one leading space only", "data:  a\ndata:b\n\n", [["message", " a\nb", ""]]],
    [
      "keeps the id until it changes",
      "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
      [
        ["message", "a", "7"],
        ["message", "b", "7"],
        ["message", "c", ""],
      ],
    ],
    [
      "ignores an id with NUL",
      "id: 7\ndata: a\n\nid: \u0000\ndata: b\n\n",
      [
        ["message", "a", "7"],
        ["message", "b", "7"],
      ],
    ],
    ["strips one BOM", "\uFEFFdata: a\n\n", [["message", "a", ""]]],
    ["dispatches nothing without data", "event: x\n\n: only a comment\n\n", []],
    ["holds back an unfinished block", "data: a\n", []],
    ["reads event names", "event: ü\ndata: 😀\n\n", [["ü", "😀", ""]]],
  ];
  for (const [name, text, events] of cases) {
    test(`${name}, in pieces of any size`, () => {
      for (const pieceBytes of [1, 2, 3, Infinity]) {
        const reader = read(text, pieceBytes);
        expect(reader.events.map((each) => [each.event, each.data, each.lastEventId])).toEqual(events);
        expect(reader.text).toBe(text);
      }
    });
  }

  test("cuts the raw text into frames that add up to it", () => {
    const text = ": hello\n\nid: 1\r\nevent: a\r\ndata: 1\r\n\r\ndata: 2\n\n";
    const reader = read(text, 1);
    expect(reader.frames.map((frame) => frame.raw).join("")).toBe(text);
    expect(reader.frames).toHaveLength(3);
    expect(reader.comments).toEqual(["hello"]);
  });
});
