import { startTimer, type Timer } from "../async/timer.ts";

/** Longest wait for a response's first byte, in ms. */
const FIRST_BYTE_MS = 60_000;

/** How many keep-alive periods may pass without a byte: one that is late or lost is no silence yet. */
const PATIENCE = 2.5;

/** How many may when there is reason for doubt, such as after sleep, through which a timer may have stood still. */
const DOUBTFUL_PATIENCE = 1.25;

/** Notices that a connection is dead although nobody said so, by the keep-alive that the server has promised. */
export interface Watchdog {
  /** Takes over what the server has promised; `false` for nothing, `undefined` for no word about it. */
  expect(periodMs: number | false | undefined): void;
  /** Notes that something was heard, and goes on waiting. To be called after `expect`. */
  hear(): void;
  /** Waits more strictly until something is heard; nothing where it does not wait at all. */
  readonly doubt: () => void;
  /** Stops, until something is heard. */
  stop(): void;
}

/** Starts with the wait for the first byte. */
export function startWatchdog(onSilent: () => void): Watchdog {
  let period: number | false = false;
  const wait = (limitMs: number): Timer => startTimer(limitMs, onSilent, { background: true });
  let timer: Timer | undefined = wait(FIRST_BYTE_MS);
  const stop = (): void => {
    timer?.clear();
    timer = undefined;
  };
  const rearm = (patience: number): void => {
    stop();
    if (period) timer = wait(period * patience);
  };
  return {
    stop,
    expect(periodMs) {
      period = periodMs ?? period;
    },
    hear: () => rearm(PATIENCE),
    doubt() {
      if (timer && period) rearm(DOUBTFUL_PATIENCE);
    },
  };
}
