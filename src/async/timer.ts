/** Longest delay that setTimeout takes, in ms; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** A timer that can be stopped. */
export interface Timer {
  clear(): void;
}

/**
 * Calls `onTime` once after `delayMs` milliseconds, however long that is; a delay below 0 or NaN counts as 0.
 * With `background` the timer does not keep the process alive.
 */
export function startTimer(delayMs: number, onTime: () => void, options?: { background?: boolean }): Timer {
  let timeout: ReturnType<typeof setTimeout>;
  const wait = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, MAX_DELAY_MS);
    timeout = setTimeout(() => (leftMs > stepMs ? wait(leftMs - stepMs) : onTime()), stepMs);
    if (options?.background) (timeout as { unref?: () => void }).unref?.();
  };
  wait(delayMs > 0 ? delayMs : 0);
  return { clear: () => clearTimeout(timeout) };
}
