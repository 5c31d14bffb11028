import { describe, expect, test } from "vitest";
import { revive, type RevivePlan } from "./revive.ts";

const DAY = "2024-02-29T00:00:00.000Z";
const day = new Date(DAY);

describe("revive", () => {
  test.each<[string, RevivePlan | undefined, unknown, unknown]>([
    ["nothing without a plan", undefined, { at: DAY }, { at: DAY }],
    ["a date", "date", DAY, day],
    ["a bigint", "bigint", "-12345678901234567890", -12345678901234567890n],
    ["no date of what is none", "date", "tomorrow-ish", "tomorrow-ish"],
    ["no bigint of what is none", "bigint", "0x10", "0x10"],
    ["no null, and no other kind", "date", null, null],
    ["no number for a date, since a union may have both", "date", 5, 5],
    ["items", { items: "date" }, [DAY, null, 3], [day, null, 3]],
    ["a tuple", { tuple: ["date", null], rest: "bigint" }, [DAY, DAY, "1", "2"], [day, DAY, 1n, 2n]],
    ["a tuple without rest", { tuple: [null, "date"] }, [DAY, DAY, DAY], [DAY, day, DAY]],
    ["properties", { properties: { at: "date" } }, { at: DAY, text: DAY }, { at: day, text: DAY }],
    ["a record", { properties: {}, rest: "date" }, { a: DAY, b: null }, { a: day, b: null }],
    [
      "a record with exceptions",
      { properties: { a: null }, rest: "date" },
      { a: DAY, b: DAY },
      { a: DAY, b: day },
    ],
    ["no array by a plan for objects", { properties: {}, rest: "date" }, [DAY], [DAY]],
    ["no object by a plan for arrays", { items: "date" }, { 0: DAY }, { 0: DAY }],
    [
      "no name that an object inherits",
      { properties: { at: "date" }, rest: "date" },
      { toString: DAY },
      { toString: day },
    ],
    [
      "a discriminated union",
      { items: { discriminator: "kind", options: { a: { properties: { x: "date" } } } } },
      [{ kind: "a", x: DAY }, { kind: "b", x: DAY }, { x: DAY }, { kind: "toString", x: DAY }],
      [{ kind: "a", x: day }, { kind: "b", x: DAY }, { x: DAY }, { kind: "toString", x: DAY }],
    ],
    [
      "a union of kinds",
      { items: { anyOf: ["date", { items: "date" }, { properties: { at: "date" } }] } },
      [DAY, [DAY], { at: DAY }, 4],
      [day, [day], { at: day }, 4],
    ],
    ["nothing for an unknown ref", { ref: "toString" }, { at: DAY }, { at: DAY }],
  ])("brings back %s", (_what, plan, value, revived) => {
    expect(revive(JSON.parse(JSON.stringify(value)), plan)).toEqual(revived);
  });

  test("follows a schema that contains itself", () => {
    const refs = { Comment: { properties: { at: "date", replies: { items: { ref: "Comment" } } } } } as const;
    const thread = { at: DAY, replies: [{ at: DAY, replies: [] }, { at: null }] };
    expect(revive(structuredClone(thread), { ref: "Comment" }, refs)).toEqual({
      at: day,
      replies: [{ at: day, replies: [] }, { at: null }],
    });
  });

  test("leaves a forged __proto__ what it is", () => {
    const value = JSON.parse(`{ "__proto__": "${DAY}", "at": "${DAY}" }`) as object;
    const revived = revive(value, { properties: {}, rest: "date" }) as { at: Date };
    expect(Object.getPrototypeOf(revived)).toBe(Object.prototype);
    expect(revived.at).toEqual(day);
  });
});
