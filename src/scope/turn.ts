import { setImmediate } from "node:timers";

let turn = 0;
let counting = false;

/**
 * Gives a number that stays the same until the code that runs now, and all microtasks that follow from it, are
 * done, and differs afterwards: one for each task of the event loop. Costs nothing while nobody asks.
 */
export function currentTurn(): number {
  if (!counting) {
    counting = true;
    // Ticks are run when the microtasks are. An immediate would be too late for what an immediate has asked:
    // the timers of the next iteration come first.
    process.nextTick(() => {
      turn++;
      counting = false;
    });
  }
  return turn;
}

/** Resolves in a later turn of the event loop, so that a loop of such waits lets others run. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
