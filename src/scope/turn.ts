import { setImmediate } from "node:timers";

let turn = 0;
let counting = false;

/**
 * Gives a number that stays the same for all code of one turn of the event loop and differs in a later one.
 * Costs nothing while nobody asks.
 */
export function currentTurn(): number {
  if (!counting) {
    counting = true;
    setImmediate(() => {
      turn++;
      counting = false;
    });
  }
  return turn;
}
