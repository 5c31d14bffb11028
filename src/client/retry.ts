import { createDeferred } from "../async/deferred.ts";
import { startTimer } from "../async/timer.ts";
import { ResponseError } from "../errors/client-errors.ts";
import type { Step } from "./step.ts";
import type { RetryOptions } from "./types.ts";

/** What the wait before an attempt depends on. */
export interface RetryState {
  /** Attempts in a row that brought nothing, 1 or more. */
  failures: number;
  /** Reconnection time in ms that the server has asked for. */
  serverMs: number | undefined;
  /** What the last attempt failed with. */
  error: unknown;
}

/**
 * Says how long to wait in ms: `leastMs`, which the server has asked for, and `furtherMs`, picked at random up
 * to a bound that doubles with each failure, so that many clients of one server come back one by one.
 */
export function planRetry(
  state: RetryState,
  { interval = 1_000, maxInterval = 30_000, random = Math.random }: RetryOptions,
): { leastMs: number; furtherMs: number } {
  const { failures, serverMs, error } = state;
  // A server may ask to be asked at once, but not again and again.
  const baseMs = Math.max(serverMs ?? interval, failures > 1 ? interval : 0);
  const boundMs = Math.min(maxInterval, baseMs * 2 ** (failures - 1));
  const after = error instanceof ResponseError ? error.retryAfter : undefined;
  return { leastMs: after === undefined ? (serverMs ?? 0) : after * 1_000, furtherMs: random() * boundMs };
}

/** Starts to wait. At `wake` the wait is over as soon as what the server has asked for is. */
export function startRetryWait({ leastMs, furtherMs }: { leastMs: number; furtherMs: number }): Step {
  const least = Date.now() + leastMs;
  const { promise, resolve } = createDeferred();
  let timer = startTimer(leastMs + furtherMs, resolve);
  return {
    over: promise,
    abort() {
      timer.clear();
      resolve();
    },
    wake() {
      timer.clear();
      timer = startTimer(least - Date.now(), resolve);
    },
  };
}
