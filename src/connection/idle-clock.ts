// The one clock behind keep-alive and stall checks of all connections. Entries of one period form a list in
// the order of their last activity, so that touching an entry is O(1) and only the oldest needs a timer.

import { performance } from "node:perf_hooks";
import { clearTimeout, setTimeout } from "node:timers";

/** Something that is watched for idleness. What is watched once per stream is an entry itself, to have no other. */
export abstract class IdleEntry {
  /**
   * When it was active last, in whole ms of the process's clock, which take less room than fractions; 0 while it is
   * not watched.
   */
  at = 0;
  previous: IdleEntry | undefined = undefined;
  next: IdleEntry | undefined = undefined;

  /** After how many ms without activity `onIdle` is called; the same for as long as the entry is watched. */
  abstract get periodMs(): number;
  /** It has not been active for its period. */
  abstract onIdle(): void;
}

/** Longest delay of setTimeout, in ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

class IdleList {
  readonly #periodMs: number;
  #first: IdleEntry | undefined;
  #last: IdleEntry | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(periodMs: number) {
    this.#periodMs = periodMs;
  }

  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  append(entry: IdleEntry): void {
    entry.at = Math.ceil(performance.now());
    entry.previous = this.#last;
    entry.next = undefined;
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
    if (!this.#timer) this.#arm();
  }

  remove(entry: IdleEntry): void {
    if (entry.previous) entry.previous.next = entry.next;
    else this.#first = entry.next;
    if (entry.next) entry.next.previous = entry.previous;
    else this.#last = entry.previous;
    entry.previous = entry.next = undefined;
  }

  touch(entry: IdleEntry): void {
    if (entry === this.#last) {
      entry.at = Math.ceil(performance.now());
    } else {
      this.remove(entry);
      this.append(entry);
    }
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #arm(): void {
    if (!this.#first) return;
    const dueMs = Math.ceil(this.#first.at + this.#periodMs - performance.now());
    const delayMs = Math.min(Math.max(1, dueMs), MAX_DELAY_MS);
    this.#timer = setTimeout(() => this.#fire(), delayMs).unref();
  }

  #fire(): void {
    this.#timer = undefined;
    const due = performance.now() - this.#periodMs;
    while (this.#first && this.#first.at <= due) {
      const entry = this.#first;
      this.touch(entry);
      entry.onIdle();
    }
    if (!this.#timer) this.#arm();
  }
}

const lists = new Map<number, IdleList>();

/** Starts watching an entry, or notes that it has been active just now. */
export function touchIdle(entry: IdleEntry): void {
  let list = lists.get(entry.periodMs);
  if (!list) lists.set(entry.periodMs, (list = new IdleList(entry.periodMs)));
  if (entry.at > 0) list.touch(entry);
  else list.append(entry);
}

/** Stops watching an entry. The last one of a period takes the timer with it. */
export function unwatchIdle(entry: IdleEntry): void {
  if (entry.at === 0) return;
  const list = lists.get(entry.periodMs);
  if (!list) return;
  list.remove(entry);
  entry.at = 0;
  if (list.isEmpty) {
    list.stop();
    lists.delete(entry.periodMs);
  }
}
