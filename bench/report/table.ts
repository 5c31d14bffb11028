import { asRatio } from "./format.ts";
import { summarise } from "./summary.ts";
import type { Row, Table } from "../workloads/workload.ts";

/** Says what stands in a table: servers down, columns across, and where a measurement failed. */
export function toCells(table: Table, rows: readonly Row[], peers: readonly string[]): string[][] {
  const lines = peers
    .map((peer) => [peer, ...table.columns.map((column) => cell(rows, peer, column))])
    .filter((line) => line.slice(1).some((text) => text !== ""));
  return [["", ...table.columns.map(({ title }) => title)], ...lines];
}

function cell(rows: readonly Row[], peer: string, column: Table["columns"][number]): string {
  const value = summarise(rows, peer, column);
  if (value !== undefined) return column.versus === undefined ? column.format(value) : asRatio(value);
  const failure = rows.find((row) => row.peer === peer && row.failure !== undefined);
  return failure ? "failed" : "";
}

/** A table as text for a terminal. */
export function formatTable(table: Table, rows: readonly Row[], peers: readonly string[]): string {
  const cells = toCells(table, rows, peers);
  const widths =
    cells[0]?.map((_, index) => Math.max(...cells.map((line) => line[index]?.length ?? 0))) ?? [];
  const lines = cells.map((line) =>
    line
      .map((text, index) => (index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0)))
      .join("  ")
      .trimEnd(),
  );
  return [table.title, "-".repeat(table.title.length), ...lines, ""].join("\n");
}
/** A table as Markdown. */
export function formatMarkdownTable(table: Table, rows: readonly Row[], peers: readonly string[]): string {
  const [head = [], ...lines] = toCells(table, rows, peers);
  const toLine = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    toLine(head),
    toLine(head.map((_, index) => (index === 0 ? "---" : "--:"))),
    ...lines.map(toLine),
  ].join("\n");
}
