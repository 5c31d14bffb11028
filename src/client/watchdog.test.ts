import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { startWatchdog } from "./watchdog.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const start = () => {
  const onSilent = vi.fn();
  return { watchdog: startWatchdog(onSilent), onSilent };
};

/** Milliseconds until it barks, up to an hour. */
const patience = (onSilent: ReturnType<typeof vi.fn>) => {
  for (let ms = 0; ms <= 3_600_000; ms += 50) {
    if (onSilent.mock.calls.length > 0) return ms;
    vi.advanceTimersByTime(50);
  }
  return Infinity;
};

test("F5: gives a first byte a minute, so that a half-open connection is found", () => {
  expect(patience(start().onSilent)).toBe(60_000);
});

test("gives two and a half periods, from the last thing heard", () => {
  const { watchdog, onSilent } = start();
  watchdog.expect(1_000);
  watchdog.hear();
  vi.advanceTimersByTime(2_400);
  watchdog.expect(undefined);
  watchdog.hear();
  expect(patience(onSilent)).toBe(2_500);
});

test("is off where nothing was promised, or no keep-alive", () => {
  for (const period of [undefined, false] as const) {
    const { watchdog, onSilent } = start();
    watchdog.expect(period);
    watchdog.hear();
    watchdog.doubt();
    expect(patience(onSilent)).toBe(Infinity);
  }
});

test("in doubt, gives little more than one period, until something is heard", () => {
  const { watchdog, onSilent } = start();
  watchdog.expect(1_000);
  watchdog.hear();
  watchdog.doubt();
  vi.advanceTimersByTime(1_200);
  watchdog.hear();
  vi.advanceTimersByTime(2_000);
  expect(onSilent).not.toHaveBeenCalled();
  watchdog.doubt();
  expect(patience(onSilent)).toBe(1_250);
});

test("in doubt before the first byte, or while stopped, changes nothing", () => {
  const { watchdog, onSilent } = start();
  watchdog.doubt();
  expect(patience(onSilent)).toBe(60_000);
  const held = start();
  held.watchdog.expect(1_000);
  held.watchdog.stop();
  held.watchdog.doubt();
  expect(patience(held.onSilent)).toBe(Infinity);
});
