import { startTimer, type Timer } from "../async/timer.ts";

/** How long the head of a stream may be kept back, in ms. */
const MAX_HOLD_MS = 1_000;

/** Keeps the head of a stream back for as long as somebody wants that, but not for long. */
export class HeadHold {
  readonly #onOver: () => void;
  #holders = 0;
  #timer: Timer | undefined;
  #isOver = false;

  /** @param onOver Called once, when the head may go; not after `stop`. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  /** Adds one who wants it kept back; gives what lets go, to be called at any time. */
  add(): () => void {
    let isHeld = true;
    this.#holders++;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holders--;
      if (this.#holders === 0) this.#end();
    };
  }

  /** Notes that the head could go now: from here on the time counts. Most holds are over before, and need no timer. */
  start(): void {
    this.#timer ??= startTimer(MAX_HOLD_MS, () => this.#end(), { background: true });
  }

  stop(): void {
    this.#isOver = true;
    this.#timer?.clear();
  }

  #end(): void {
    if (this.#isOver) return;
    this.stop();
    this.#onOver();
  }
}
