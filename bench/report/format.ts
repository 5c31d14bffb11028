/** A number of things, with commas. */
export function asCount(value: number): string {
  return Math.round(value).toLocaleString("en-GB");
}

/** Microseconds. */
export function asMicros(value: number): string {
  return `${withDigits(value)} µs`;
}

/** Milliseconds. */
export function asMillis(value: number): string {
  return `${withDigits(value)} ms`;
}

/** Bytes in thousands. */
export function asKilobytes(value: number): string {
  return `${withDigits(value / 1_000)} kB`;
}

/** Bytes in millions. */
export function asMegabytes(value: number): string {
  return `${withDigits(value / 1_000_000)} MB`;
}

/** How many times as much. */
export function asRatio(value: number): string {
  return `${value.toFixed(2)}`;
}

/** Three digits that say something. */
function withDigits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return asCount(value);
  return value.toFixed(size >= 10 ? 1 : 2);
}
