import { describe, expect, it } from "vitest";

import { formatEndId, parseEndId } from "./end-id.ts";
import { stringifyData } from "./data.ts";
import {
  findFieldProblem,
  formatComment,
  formatEnd,
  formatKeepAliveComment,
  parseKeepAliveComment,
} from "./event-stream.ts";

describe("formatComment", () => {
  it.each([
    ["hello", ": hello\n\n"],
    ["", ": \n\n"],
    ["a\nb", ": a\n: b\n\n"],
    ["a\rb", ": a\n: b\n\n"],
    ["a\r\nb", ": a\n: b\n\n"],
    ["a\n\rb", ": a\n: \n: b\n\n"],
    ["x\n\ndata: forged", ": x\n: \n: data: forged\n\n"],
    ["lone \uD800 surrogate", ": lone \uFFFD surrogate\n\n"],
  ])("keeps %j within comment lines", (text, frame) => {
    expect(formatComment(text)).toBe(frame);
  });
});

describe("findFieldProblem", () => {
  it.each(["", "plain", "ümlaut 😀", " leading", "a:b", "\t\v\u2028\uFEFF"])("lets %j pass", (text) => {
    expect(findFieldProblem(text)).toBeUndefined();
  });

  it.each([
    ["a\nb", "a line feed"],
    ["a\rb", "a carriage return"],
    ["a\0b", "NUL"],
    ["\uDC00", "a lone surrogate"],
  ])("names what is wrong in %j", (text, problem) => {
    expect(findFieldProblem(text)).toContain(problem);
  });
});

describe("the keep-alive comment", () => {
  it.each([15_000, 1, false] as const)("carries the period %j there and back", (period) => {
    const line = formatKeepAliveComment(period).split("\n")[0] ?? "";
    expect(parseKeepAliveComment(line.slice(1))).toBe(period);
  });

  it("is told from any other comment", () => {
    expect(parseKeepAliveComment(" keep-alive soon")).toBeUndefined();
    expect(parseKeepAliveComment("")).toBeUndefined();
  });
});

describe("the end", () => {
  it("is byte for byte what clients are promised", () => {
    expect(formatEnd("x")).toBe("id: x\nevent: end\ndata: END\n\n");
  });

  it.each(["", "7", "a.b~c", "~end.abc.5"])("stands for the last real id %j as a position", (lastId) => {
    const id = formatEndId("TaskModel.watch", lastId);
    expect(parseEndId(id, "TaskModel.watch")).toEqual({ position: lastId, ended: true });
    expect(parseEndId(id, "TaskModel.other")).toEqual({ position: lastId, ended: false });
  });

  it("uses only characters that need no CORS preflight and stays short", () => {
    expect(formatEndId("TaskModel.watch", "")).toMatch(/^[~.0-9a-z]{1,20}$/);
  });

  it("takes a foreign id for what it is", () => {
    for (const id of ["", "7", "~end", "~end.", "~end.x"]) {
      expect(parseEndId(id, "A.b")).toEqual({ position: id, ended: false });
    }
  });
});

describe("stringifyData", () => {
  it.each([
    ["an object", { a: 1 }, '{"a":1}'],
    ["undefined", undefined, "null"],
    ["a bigint", 10n, '"10"'],
    ["a bigint within", { deep: [12345678901234567890n] }, '{"deep":["12345678901234567890"]}'],
    ["a date", new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ["control characters", "a\r\nb\0", '"a\\r\\nb\\u0000"'],
    ["a lone surrogate", "\uD800", '"\\ud800"'],
  ])("writes %s on one line", (_what, value, json) => {
    expect(stringifyData(value)).toBe(json);
  });

  it("refuses a value that refers to itself", () => {
    const ring: Record<string, unknown> = {};
    ring["self"] = ring;
    expect(() => stringifyData(ring)).toThrow(TypeError);
  });
});
