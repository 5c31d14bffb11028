import { performance } from "node:perf_hooks";

import { IdleEntry, touchIdle, unwatchIdle } from "./idle-clock.ts";
import type { Transport } from "./transport.ts";

/** A stall is looked for this many times within `stallTimeout`, so that it is found soon after. */
const CHECKS = 4;

/** Whose bytes are watched. */
export interface StallOwner {
  /** Bytes that were written to the transport. */
  readonly bytes: number;
  /** Whether the transport was told to end, so that there is something to wait for though no byte is on its way. */
  readonly isEnding: boolean;
  /** No byte has moved for `stallTimeout`. */
  onStall(): void;
  /** Nothing is on its way any more, and the watch has stopped. */
  onSettled(): void;
}

/** Watches whether a client takes what is on its way; made when something is, and stopped when nothing is. */
export class StallWatch extends IdleEntry {
  readonly #owner: StallOwner;
  readonly #transport: Transport;
  readonly #stallTimeoutMs: number;
  /** Bytes that have left, and bytes that the kernel holds, when there was progress last. */
  #gone = 0;
  #inFlight = 0;
  #progressAt = 0;

  constructor(owner: StallOwner, transport: Transport, stallTimeoutMs: number) {
    super();
    this.#owner = owner;
    this.#transport = transport;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#noteProgress();
    touchIdle(this);
  }

  override get periodMs(): number {
    return Math.max(1, this.#stallTimeoutMs / CHECKS);
  }

  stop(): void {
    unwatchIdle(this);
  }

  /** @internal Called by the clock. */
  override onIdle(): void {
    const { pendingBytes, inFlightBytes } = this.#transport;
    if (pendingBytes === 0 && !this.#owner.isEnding) {
      this.stop();
      this.#owner.onSettled();
      return;
    }
    // What is published meanwhile moves nothing: only bytes that have left count.
    if (this.#owner.bytes - pendingBytes > this.#gone || inFlightBytes < this.#inFlight) {
      this.#noteProgress();
    } else if (performance.now() - this.#progressAt >= this.#stallTimeoutMs) {
      this.#owner.onStall();
    }
  }

  #noteProgress(): void {
    this.#gone = this.#owner.bytes - this.#transport.pendingBytes;
    this.#inFlight = this.#transport.inFlightBytes;
    this.#progressAt = performance.now();
  }
}
