import { setImmediate } from "node:timers";

/** What is flushed at the end of a turn. */
export interface Flushable {
  flushTurn(): void;
}

let waiting: Flushable[] = [];

/**
 * Has a target flushed at the end of this turn of the event loop, together with all others that have something
 * to write. The caller takes care not to ask twice for one turn.
 */
export function flushAtEndOfTurn(target: Flushable): void {
  if (waiting.push(target) === 1) setImmediate(flushAll);
}

function flushAll(): void {
  const targets = waiting;
  waiting = [];
  for (const target of targets) target.flushTurn();
}
