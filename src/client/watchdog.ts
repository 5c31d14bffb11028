import { startTimer, type Timer } from "../async/timer.ts";

/** Longest wait for a response's first byte, in ms. */
const FIRST_BYTE_MS = 60_000;

/** How many keep-alive periods may pass without a byte: one that is late or lost is no silence yet. */
const PATIENCE = 2.5;

/** How many may when there is reason for doubt, such as after sleep. */
const DOUBTFUL_PATIENCE = 1.25;

/**
 * Notices that a connection is dead although nobody said so, by the keep-alive that the server has promised.
 * Time is the wall clock's, since others stand still while a machine sleeps.
 */
export class Watchdog {
  readonly #onSilent: () => void;
  #periodMs: number | false | undefined;
  #limitMs = FIRST_BYTE_MS;
  #heardAt = Date.now();
  #timer: Timer | undefined;

  /** Begins with the wait for the first byte. */
  constructor(onSilent: () => void) {
    this.#onSilent = onSilent;
    this.#arm();
  }

  /** Takes over what the server has promised; `false` for nothing. */
  expect(periodMs: number | false): void {
    this.#periodMs = periodMs;
  }

  /** Notes that something was heard, and goes on waiting. To be called after `expect`. */
  hear(): void {
    this.#heardAt = Date.now();
    const limitMs = (this.#periodMs || Number.POSITIVE_INFINITY) * PATIENCE;
    // A timer that runs is let run: it looks at the clock when it fires.
    if (this.#timer && limitMs === this.#limitMs) return;
    this.#limitMs = limitMs;
    this.#arm();
  }

  /** Waits more strictly until something is heard. */
  doubt(): void {
    if (!this.#periodMs || !this.#timer) return;
    this.#limitMs = this.#periodMs * DOUBTFUL_PATIENCE;
    this.#arm();
  }

  /** Stops, until something is heard. */
  stop(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  #arm(): void {
    this.stop();
    if (this.#limitMs === Number.POSITIVE_INFINITY) return;
    const leftMs = this.#heardAt + this.#limitMs - Date.now();
    this.#timer = startTimer(leftMs, () => this.#look(), { background: true });
  }

  #look(): void {
    if (Date.now() - this.#heardAt < this.#limitMs) this.#arm();
    else this.#onSilent();
  }
}
