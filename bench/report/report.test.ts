import { expect, test } from "vitest";

import type { Row, Table } from "../workloads/workload.ts";
import { formatBars } from "./bars.ts";
import { median, summarise } from "./summary.ts";
import { formatMarkdownTable, formatTable } from "./table.ts";

const row = (round: number, peer: string, cpu: number): Row => ({
  workload: "W1",
  round,
  peer,
  case: "tide",
  values: { cpu },
});
const table: Table = {
  title: "The tide",
  columns: [
    { title: "CPU", case: "tide", value: "cpu", format: (value) => `${value} µs` },
    { title: "× floor", case: "tide", value: "cpu", format: String, versus: "floor" },
  ],
};
// The machine was slower in the second round, which met both.
const rows = [
  row(1, "floor", 2),
  row(1, "pier", 3),
  row(2, "floor", 20),
  row(2, "pier", 40),
  row(3, "floor", 4),
  row(3, "pier", 6),
];

test("the median is the middle one, or lies between two", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, undefined]);
});

test("a ratio is the median of the ratios within each round", () => {
  const [cpu, ratio] = table.columns;
  expect(cpu && summarise(rows, "pier", cpu)).toBe(6);
  expect(ratio && summarise(rows, "pier", ratio)).toBe(1.5);
});

test("a ratio is left out where the other has not been measured", () => {
  const [, ratio] = table.columns;
  expect(ratio && summarise([row(1, "pier", 3)], "pier", ratio)).toBeUndefined();
});

test("a table has a line for each server, and says which failed", () => {
  const failed: Row = { ...row(1, "wreck", 0), case: "", values: {}, failure: "lost an event" };
  expect(formatTable(table, [...rows, failed], ["floor", "pier", "wreck", "absent"])).toBe(
    [
      "The tide",
      "--------",
      "          CPU  × floor",
      "floor    4 µs     1.00",
      "pier     6 µs     1.50",
      "wreck  failed   failed",
      "",
    ].join("\n"),
  );
});

test("a table in Markdown has its numbers to the right", () => {
  expect(formatMarkdownTable(table, rows, ["pier"])).toBe(
    "|  | CPU | × floor |\n| --- | --: | --: |\n| pier | 6 µs | 1.50 |",
  );
});

test("bars are as long as their values, the shortest first", () => {
  expect(
    formatBars([
      { name: "tall", value: 2 },
      { name: "low", value: 1 },
    ]),
  ).toBe(`low   ${"█".repeat(24)} 1.00\ntall  ${"█".repeat(48)} 2.00`);
});

test("a bar far beyond the others is broken off", () => {
  const bars = [
    { name: "tall", value: 40 },
    { name: "low", value: 3 },
  ];
  expect(formatBars(bars)).toBe(`low   ${"█".repeat(24)} 3.00\ntall  ${"█".repeat(48)}··· 40.00`);
});
