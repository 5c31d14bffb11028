import { describe, expect, test } from "vitest";
import { readBigint, readBoolean, readDate, readNumber } from "./text-values.ts";

describe("reads text as a number only where it is one exactly", () => {
  test.each([
    ["5", 5],
    ["-1.5", -1.5],
    ["1e3", 1000],
    ["2E-2", 0.02],
    ["007", 7],
    ["9007199254740992", 2 ** 53],
    ["0.1", 0.1],
  ])("%j is %d", (text, value) => expect(readNumber(text)).toBe(value));

  test.each([
    "",
    " ",
    " 5 ",
    "5 ",
    "0x10",
    "Infinity",
    "NaN",
    "1e400",
    "+5",
    ".5",
    "5.",
    "1_000",
    "٣",
    "9007199254740993",
    "--1",
  ])("%j is none", (text) => expect(readNumber(text)).toBeUndefined());
});

test("reads every number as it was written by String()", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
  let state = seed;
  const random = (): number => (state = (state * 48271 + 11) % 2147483647) / 2147483647;
  for (let round = 0; round < 2000; round++) {
    const value = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
    const written = String(random() < 0.3 ? Math.trunc(value) : value);
    // Integers from 2 ** 53 on are written with zeros for digits that they do not have; those are refused.
    const read = readNumber(written);
    if (read === undefined)
      expect(Number.isSafeInteger(Number(written)), `seed ${seed}: ${written}`).toBe(false);
    else expect(read, `seed ${seed}: ${written}`).toBe(Number(written));
  }
});

test("reads booleans from true, false, 1 and 0 alone", () => {
  expect(["true", "1", "false", "0"].map(readBoolean)).toEqual([true, true, false, false]);
  expect(["", "TRUE", "yes", "2", " 1"].map(readBoolean)).toEqual(Array(5).fill(undefined));
});

test("reads bigints from decimal digits, bounded in length", () => {
  expect(readBigint("-12345678901234567890")).toBe(-12345678901234567890n);
  expect(["", " ", "1.0", "1n", "0x1", "1e3", "9".repeat(1001)].map(readBigint)).toEqual(
    Array(7).fill(undefined),
  );
});

describe("reads dates in ISO 8601 and epoch milliseconds, and none that do not exist", () => {
  test.each([
    ["2026-02-28", "2026-02-28T00:00:00.000Z"],
    ["2024-02-29", "2024-02-29T00:00:00.000Z"],
    ["2026-01-02T03:04", "2026-01-02T03:04:00.000Z"],
    ["2026-01-02T03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02T03:04:05.6Z", "2026-01-02T03:04:05.600Z"],
    ["2026-01-02T03:04:05.123456Z", "2026-01-02T03:04:05.123Z"],
    ["2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z"],
    ["2026-01-02T03:04:05 02:00", "2026-01-02T01:04:05.000Z"],
    ["2026-01-02T03:04:05-0530", "2026-01-02T08:34:05.000Z"],
    ["0001-01-01", "0001-01-01T00:00:00.000Z"],
    ["+010000-01-01T00:00:00Z", "+010000-01-01T00:00:00.000Z"],
    ["0", "1970-01-01T00:00:00.000Z"],
    ["-1", "1969-12-31T23:59:59.999Z"],
    ["1767323045678", "2026-01-02T03:04:05.678Z"],
  ])("%s is %s", (text, iso) => expect(readDate(text)?.toISOString()).toBe(iso));

  test.each([
    "",
    "yesterday",
    "2026-02-31",
    "2025-02-29",
    "2026-13-01",
    "2026-00-01",
    "2026-01-00",
    "2026-1-2",
    "2026-01-02T24:00",
    "2026-01-02T23:60",
    "2026-01-02T23:59:60Z",
    "2026-01-02T10:00+24:00",
    "2026-01-02 10:00",
    "Jan 2 2026",
    "1e3",
    "8640000000000001",
    "-000000-01-01",
  ])("%j is none", (text) => expect(readDate(text)).toBeUndefined());

  test("gives back every date that toISOString writes", () => {
    for (let index = 0; index < 500; index++) {
      const date = new Date(Math.floor((Math.random() - 0.5) * 2 * 8.64e15));
      expect(readDate(date.toISOString())?.getTime(), date.toISOString()).toBe(date.getTime());
    }
  });
});
