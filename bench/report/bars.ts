/** Longest bar, in characters. */
const WIDTH = 48;
/** What the longest bar stands for at most; beyond, a bar is broken off, lest the others can't be told apart. */
const MAX_VALUE = 6;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/** Draws a bar for each value, the smallest first, with the value behind it. */
export function formatBars(bars: readonly { name: string; value: number }[]): string {
  const longest = Math.min(MAX_VALUE, Math.max(...bars.map(({ value }) => value)));
  const nameWidth = Math.max(...bars.map(({ name }) => name.length));
  return bars
    .toSorted((a, b) => a.value - b.value)
    .map(({ name, value }) => {
      const eighths = Math.max(1, Math.round(Math.min(1, value / longest) * WIDTH * 8));
      const end = value > longest ? "···" : "";
      const bar = "█".repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? "");
      return `${name.padEnd(nameWidth)}  ${bar}${end} ${value.toFixed(2)}`;
    })
    .join("\n");
}
