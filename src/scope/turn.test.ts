import { expect, it } from "vitest";

import { currentTurn } from "./turn.ts";

it("gives one number to a task and its microtasks, and another to the next task, in every phase", async () => {
  const waits: Record<string, () => Promise<unknown>> = {
    timer: () => new Promise((resolve) => setTimeout(resolve, 0)),
    immediate: () => new Promise((resolve) => setImmediate(resolve)),
  };
  for (const before of Object.values(waits)) {
    for (const after of Object.values(waits)) {
      await before();
      const first = currentTurn();
      for (let microtask = 0; microtask < 10; microtask++) await Promise.resolve();
      expect(currentTurn()).toBe(first);
      await after();
      expect(currentTurn()).not.toBe(first);
    }
  }
});
