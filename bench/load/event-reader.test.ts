import { describe, expect, test } from "vitest";

import { createPosition } from "../event.ts";
import { BadStreamError, EventReader } from "./event-reader.ts";

const HEAD = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
const END = "0\r\n\r\n";

const frame = (n: number): string => `id: ${n}\nevent: position\ndata: ${JSON.stringify(at(n))}\n\n`;
const at = (n: number) => ({ ...createPosition(n), at: n * 1_000 });
const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;

/** Reads pieces, and gives the numbers and times of the events that were seen. */
function read(...pieces: string[]): { reader: EventReader; seen: [number, number][] } {
  const seen: [number, number][] = [];
  const reader = new EventReader({ onEvent: (n, time) => seen.push([n, time]) }, { sample: true });
  for (const piece of pieces) reader.push(Buffer.from(piece));
  return { reader, seen };
}

const stream = (...numbers: number[]): string => HEAD + numbers.map((n) => chunk(frame(n))).join("") + END;

describe("the load generator", () => {
  test("counts each event once, with its time", () => {
    const { reader, seen } = read(stream(1, 2, 3));
    expect(seen).toEqual([
      [1, 1_000],
      [2, 2_000],
      [3, 3_000],
    ]);
    expect(reader).toMatchObject({ events: 3, last: 3, isDone: true, bytes: stream(1, 2, 3).length });
  });

  test("begins with the number that comes first", () => {
    expect(read(stream(41, 42)).seen.map(([n]) => n)).toEqual([41, 42]);
  });

  test.each([
    ["lost", [1, 2, 4], "lost: 4 came after 2"],
    ["doubled", [1, 2, 2, 3], "doubled: 2 came after 2"],
    ["reordered", [1, 3, 2], "lost: 3 came after 1"],
    ["late", [1, 2, 3, 2], "out of order: 2 came after 3"],
  ])("rejects a stream in which an event is %s", (_what, numbers, problem) => {
    expect(() => read(stream(...numbers))).toThrow(BadStreamError);
    expect(() => read(stream(...numbers))).toThrow(problem);
  });

  test("reads the same wherever the network cuts", () => {
    const whole = stream(9, 10, 11);
    for (let cut = 1; cut < whole.length; cut++) {
      const { seen } = read(whole.slice(0, cut), whole.slice(cut));
      expect(seen, `cut at ${cut}`).toEqual([
        [9, 9_000],
        [10, 10_000],
        [11, 11_000],
      ]);
    }
    expect(read(...whole).seen).toHaveLength(3);
  });

  test("reads the same wherever a chunk ends, also within a number", () => {
    const body = frame(99) + frame(100);
    for (let cut = 1; cut < body.length; cut++) {
      const { seen } = read(HEAD + chunk(body.slice(0, cut)) + chunk(body.slice(cut)) + END);
      expect(seen, `cut at ${cut}`).toEqual([
        [99, 99_000],
        [100, 100_000],
      ]);
    }
  });

  test("notices an event that is lost across chunks", () => {
    expect(() => read(HEAD + chunk(frame(1) + frame(2).slice(0, 40)), chunk(frame(4)))).toThrow(
      BadStreamError,
    );
  });

  test("reads a response that is not chunked", () => {
    const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    expect(read(head + frame(1), frame(2)).seen).toHaveLength(2);
  });

  test("takes events without a time", () => {
    const token = (n: number): string => `data: ${JSON.stringify({ text: "harbour", n })}\n\n`;
    expect(read(HEAD + chunk(token(1)) + chunk(token(2))).seen).toEqual([
      [1, 0],
      [2, 0],
    ]);
  });

  test.each([
    ["another status", "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/event-stream\r\n\r\n"],
    ["another type", "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n"],
    ["a size that is none", `${HEAD}zz\r\n`],
    ["a chunk that is longer than its size", `${HEAD}2\r\nabc\r\n`],
    ["bytes after the end", `${HEAD}${END}abc`],
  ])("rejects a response with %s", (_what, response) => {
    expect(() => read(response)).toThrow(BadStreamError);
  });

  test("keeps the beginning of what was sent", () => {
    expect(read(stream(1)).reader.sample).toBe(frame(1));
  });
});
