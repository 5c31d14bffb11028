import { startTimer } from "../async/timer.ts";
import type { RetryOptions } from "./types.ts";

/** Upper bound in ms for the random part of a wait, by default. */
export const MAX_INTERVAL_MS = 30_000;

/** What the wait before an attempt depends on. */
export interface RetryState {
  /** Attempts in a row that brought nothing, 1 or more. */
  failures: number;
  /** Reconnection time in ms that the server has asked for. */
  serverMs: number | undefined;
  /** What the last answer asked for, in ms. */
  retryAfterMs: number | undefined;
}

/**
 * Says how long to wait in ms: `leastMs`, which the server has asked for, and `furtherMs`, picked at random up
 * to a bound that doubles with each failure, so that many clients of one server come back one by one.
 */
export function planRetry(
  state: RetryState,
  { interval = 1_000, maxInterval = MAX_INTERVAL_MS, random = Math.random }: RetryOptions,
): { leastMs: number; furtherMs: number } {
  const { failures, serverMs, retryAfterMs } = state;
  // A server may ask to be asked at once, but not again and again.
  const baseMs = failures > 1 ? Math.max(serverMs ?? 0, interval) : (serverMs ?? interval);
  const boundMs = Math.min(maxInterval, baseMs * 2 ** (failures - 1));
  return { leastMs: retryAfterMs ?? serverMs ?? 0, furtherMs: random() * boundMs };
}

/** A wait that can be cut short. */
export class RetryWait {
  readonly promise: Promise<void>;
  /** Ends the wait now. */
  stop!: () => void;
  /** Lets the wait end as soon as what the server has asked for is over. */
  hurry!: () => void;

  constructor({ leastMs, furtherMs }: { leastMs: number; furtherMs: number }) {
    const least = Date.now() + leastMs;
    this.promise = new Promise((resolve) => {
      let timer = startTimer(leastMs + furtherMs, resolve);
      this.stop = () => {
        timer.clear();
        resolve();
      };
      this.hurry = () => {
        timer.clear();
        timer = startTimer(least - Date.now(), resolve);
      };
    });
  }
}
