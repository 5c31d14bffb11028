import { setImmediate } from "node:timers";

/** What is flushed at the end of a turn. */
export interface Flushable {
  flushTurn(): void;
}

let waiting: Flushable[] = [];
let scheduled = false;

/**
 * Has a target flushed at the end of this turn of the event loop, together with all others that have something
 * to write; one that is added by a flush is still flushed in the same. The caller takes care not to ask twice.
 */
export function flushAtEndOfTurn(target: Flushable): void {
  waiting.push(target);
  if (scheduled) return;
  scheduled = true;
  setImmediate(flushAll);
}

function flushAll(): void {
  // A topic that is flushed gives connections something to flush.
  while (waiting.length > 0) {
    const targets = waiting;
    waiting = [];
    for (const target of targets) target.flushTurn();
  }
  scheduled = false;
}
