import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectionError, ResponseError } from "../errors/client-errors.ts";
import { planRetry, startRetryWait } from "./retry.ts";

const broken = new ConnectionError("GET /s: broke off");
const busy = (retryAfter: number | undefined) =>
  new ResponseError("GET /s", 503, { message: "", retryAfter });

describe("the wait before an attempt", () => {
  test.each([
    ["starts from the interval", { failures: 1 }, {}, 0, 1_000],
    ["doubles", { failures: 4 }, {}, 0, 8_000],
    ["has an upper bound", { failures: 2_000 }, {}, 0, 30_000],
    ["goes by the options", { failures: 3 }, { interval: 10, maxInterval: 25 }, 0, 25],
    ["is at least what the server asks for, and jittered", { failures: 1, serverMs: 500 }, {}, 500, 500],
    ["keeps to a longer reconnection time", { failures: 9, serverMs: 60_000 }, {}, 60_000, 30_000],
    ["is none at a reconnection time of 0", { failures: 1, serverMs: 0 }, {}, 0, 0],
    ["but backs off even then", { failures: 3, serverMs: 0 }, {}, 0, 4_000],
    [
      "F15: obeys Retry-After before anything else",
      { failures: 1, serverMs: 500, error: busy(90) },
      {},
      90_000,
      500,
    ],
    ["obeys a Retry-After of 0", { failures: 1, serverMs: 500, error: busy(0) }, {}, 0, 500],
    ["goes without Retry-After where there is none", { failures: 1, error: busy(undefined) }, {}, 0, 1_000],
  ])("%s", (_what, state, options, leastMs, boundMs) => {
    const full = { serverMs: undefined, error: broken, ...state };
    expect(planRetry(full, { ...options, random: () => 1 })).toEqual({ leastMs, furtherMs: boundMs });
    expect(planRetry(full, { ...options, random: () => 0 })).toEqual({ leastMs, furtherMs: 0 });
  });

  describe("while it lasts", () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(() => void vi.useRealTimers());

    const start = () => {
      const wait = startRetryWait({ leastMs: 1_000, furtherMs: 9_000 });
      let isOver = false;
      void wait.over.then(() => (isOver = true));
      return { wait, isOver: () => isOver };
    };

    test("is over after both parts", async () => {
      const { isOver } = start();
      await vi.advanceTimersByTimeAsync(9_999);
      expect(isOver()).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(isOver()).toBe(true);
    });

    test("F26: woken, is over once what the server asked for is", async () => {
      const early = start();
      early.wait.wake();
      await vi.advanceTimersByTimeAsync(999);
      expect(early.isOver()).toBe(false);
      await vi.advanceTimersByTimeAsync(1);
      expect(early.isOver()).toBe(true);

      const late = start();
      await vi.advanceTimersByTimeAsync(5_000);
      late.wait.wake();
      await vi.advanceTimersByTimeAsync(0);
      expect(late.isOver()).toBe(true);
    });

    test("aborted, is over and leaves no timer", async () => {
      const { wait, isOver } = start();
      wait.abort();
      await vi.advanceTimersByTimeAsync(0);
      expect(isOver()).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
    });
  });
});
