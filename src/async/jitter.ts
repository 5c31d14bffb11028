/** Picks a whole number between `low` and `high`, both included, so that many clients don't act at once. */
export function jitter(low: number, high: number): number {
  return Math.round(low + Math.random() * (high - low));
}
