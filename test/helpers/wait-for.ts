import { setTimeout as delay } from "node:timers/promises";

/** How long a wait may last, and what to call it when it lasts longer. */
export interface WaitOptions {
  /** Milliseconds until the wait fails; 30 s unless given. A bound for broken code, never a measurement. */
  boundMs?: number;
  /** What is waited for, for the message; a function is asked at the moment of failure. */
  what: string | (() => string);
}

/**
 * Waits until `condition` returns something truthy and resolves to that; fails after `boundMs`, saying what
 * did not come. The only way to wait in these tests: nothing sleeps for a fixed time.
 */
export async function waitFor<Value>(
  condition: () => Value | Promise<Value>,
  { boundMs = 30_000, what }: WaitOptions,
): Promise<NonNullable<Value>> {
  const deadline = performance.now() + boundMs;
  for (let pauseMs = 0; ; pauseMs = Math.min(pauseMs + 1, 20)) {
    const value = await condition();
    if (value) return value;
    if (performance.now() > deadline) {
      throw new Error(`did not come within ${boundMs} ms: ${typeof what === "string" ? what : what()}`);
    }
    await delay(pauseMs);
  }
}

/** Resolves to what `promise` gives, or fails after `boundMs`; for a promise that must settle. */
export async function settles<Value>(
  promise: PromiseLike<Value>,
  { boundMs = 30_000, what }: WaitOptions,
): Promise<Value> {
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`did not settle within ${boundMs} ms: ${typeof what === "string" ? what : what()}`));
    }, boundMs);
  });
  try {
    return await Promise.race([promise, bound]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets everything run that is already due: timers of 0 ms, immediates, sockets with bytes waiting. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}
