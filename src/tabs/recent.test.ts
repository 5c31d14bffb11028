import { describe, expect, test } from "vitest";
import { RecentEvents, type Item } from "./recent.ts";

const item = (position: string, id?: string, text = "x"): Item => ({ position, ...(id && { id }), text });
const create = (limits: { maxEvents?: number; maxLength?: number } = {}) =>
  new RecentEvents({ position: "t/0", id: "0" }, "0", { maxEvents: 10, maxLength: 1_000, ...limits });
const positions = (items: Item[] | undefined) => items?.map(({ position }) => position);

describe("recent events", () => {
  test("are found by position and by the id that stands at it", () => {
    const recent = create();
    recent.push([item("t/1", "1"), item("t/2"), item("t/3", "3")]);
    expect(positions(recent.after({ position: "t/0" }))).toEqual(["t/1", "t/2", "t/3"]);
    expect(positions(recent.after({ position: "t/2" }))).toEqual(["t/3"]);
    expect(positions(recent.after({ id: "0" }))).toEqual(["t/1", "t/2", "t/3"]);
    // As a server would: what has no id of its own belongs after the last that has one.
    expect(positions(recent.after({ id: "1" }))).toEqual(["t/2", "t/3"]);
    expect(recent.after({ id: "3" })).toEqual([]);
    expect([recent.position, recent.lastEventId]).toEqual(["t/3", "3"]);
  });

  test("are not found by a foreign position, a foreign id, or none", () => {
    const recent = create();
    recent.push([item("t/1", "1")]);
    for (const place of [{ position: "u/1" }, { id: "2" }, { id: "" }, {}]) {
      expect(recent.after(place)).toBeUndefined();
    }
  });

  test("begin after the last one dropped, which is no place for an id if it had none", () => {
    const recent = create({ maxEvents: 2 });
    recent.push([item("t/1", "1"), item("t/2", "2"), item("t/3", "3")]);
    expect(recent.after({ id: "0" })).toBeUndefined();
    expect(positions(recent.after({ id: "1" }))).toEqual(["t/2", "t/3"]);
    recent.push([item("t/4"), item("t/5"), item("t/6")]);
    expect(recent.after({ id: "3" })).toBeUndefined();
    expect(positions(recent.after({ position: "t/4" }))).toEqual(["t/5", "t/6"]);
    expect(recent.lastEventId).toBe("3");
  });

  test("are bounded by length, too, also where one alone is beyond it", () => {
    const recent = create({ maxLength: 10 });
    recent.push([item("t/1", "1", "x".repeat(6)), item("t/2", "2", "x".repeat(6))]);
    expect(positions(recent.after({ id: "1" }))).toEqual(["t/2"]);
    recent.push([item("t/3", "3", "x".repeat(11))]);
    expect(recent.after({ id: "2" })).toBeUndefined();
    expect(recent.after({ id: "3" })).toEqual([]);
    recent.push([item("t/4", "4")]);
    expect(positions(recent.after({ id: "3" }))).toEqual(["t/4"]);
  });
});
