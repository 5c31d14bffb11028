import type { Column, Row } from "../workloads/workload.ts";

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] as number)) / 2;
}

/** What a server shows in a column: the median over all rounds, of ratios within each where it is one. */
export function summarise(rows: readonly Row[], peer: string, column: Column): number | undefined {
  const mine = rows.filter((row) => row.peer === peer && row.case === column.case);
  const values = mine.map((row) => {
    const value = row.values[column.value];
    if (column.versus === undefined || value === undefined) return value;
    const other = rows.find(
      ({ peer, case: name, round }) => peer === column.versus && name === row.case && round === row.round,
    )?.values[column.value];
    return other === undefined || other === 0 ? undefined : value / other;
  });
  return median(values.filter((value) => value !== undefined));
}
