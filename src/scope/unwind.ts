// Unwinding: how a handler that never yields is ended once its stream is over.
//
// A generator parked at `yield` can be told to return; one that loops over `publish` and a plain timer can
// not. So calls that a loop makes anyway are unwind points. After the close such a call does what it does
// on a closed stream, and the position it came from is noted. When the handler comes to the same place
// again in a later turn of the event loop, a loop has come round, and the call throws. A place throws once,
// and again no earlier than a second later, so that a handler that swallows the error is not spun.

import { setTimeout, clearTimeout } from "node:timers";
import { performance } from "node:perf_hooks";

import { StreamClosedError, type CloseReason } from "../errors/stream-errors.ts";
import { captureTrace, findAwaitChain, nameOfChain, readTrace, type Trace } from "./await-chain.ts";
import { currentTurn } from "./turn.ts";

/** How long a place that has thrown is left alone, in ms. */
const REARM_MS = 1_000;
/** How long a read that is under way at the close may still take, in ms. */
const PATIENCE_MS = 1_000;
/** How long a handler may go on after its stream is over before that is reported, in ms. */
const REPORT_MS = 30_000;

/** Handlers whose stream is over and that have not ended, by the name of their chain. */
const closing = new Map<string, Unwinder>();

/** Handlers that run, closed or not. */
let running = 0;

/** A read under way, of which handler is only looked up when one closes. */
interface PendingRead {
  trace: Trace;
  abandon(error: StreamClosedError): void;
}

const pendingReads = new Set<PendingRead>();

interface Visit {
  turn: number;
  thrownAt: number | undefined;
}

/** Ends the handler of one stream after its close. */
export class Unwinder {
  /** Name of the one function that awaits the handler. */
  readonly chainName: string = nameOfChain();
  readonly #endpoint: string;
  #reason: CloseReason | undefined;
  #places: Map<string, Visit> | undefined;
  #reportTimer: NodeJS.Timeout | undefined;
  #patienceTimer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #ended = false;

  /** @param endpoint `ClassName.methodName`. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  /** Notes that the handler begins. */
  begin(): void {
    this.#isRunning = true;
    running++;
  }

  /**
   * Starts unwinding. `onLinger` is called once when the handler is still at it after 30 s.
   */
  arm(reason: CloseReason, onLinger: () => void): void {
    if (this.#reason !== undefined || this.#ended) return;
    this.#reason = reason;
    this.#places = new Map();
    closing.set(this.chainName, this);
    this.#reportTimer = setTimeout(onLinger, REPORT_MS).unref();
    if (pendingReads.size === 0) return;
    const reads = [...pendingReads];
    this.#patienceTimer = setTimeout(() => this.#abandon(reads, reason), PATIENCE_MS).unref();
  }

  /** Stops unwinding for good, because the handler has ended. May be called repeatedly. */
  disarm(): void {
    this.#ended = true;
    closing.delete(this.chainName);
    clearTimeout(this.#reportTimer);
    clearTimeout(this.#patienceTimer);
    if (this.#isRunning) running--;
    this.#isRunning = false;
    this.#places = undefined;
  }

  /** Tells whether the running code is on this handler's own await chain. */
  isOwnChain(): boolean {
    return findAwaitChain(this.isOwnChain)?.name === this.chainName;
  }

  /**
   * An unwind point of this stream. Tells whether it was reached on the handler's own chain after the close.
   *
   * @throws StreamClosedError when the handler has come round.
   */
  check(): boolean {
    if (!this.#places) return false;
    const chain = findAwaitChain(this.check);
    if (chain?.name !== this.chainName) return false;
    this.visit(chain.place);
    return true;
  }

  #abandon(reads: readonly PendingRead[], reason: CloseReason): void {
    for (const read of reads) {
      if (!pendingReads.has(read) || readTrace(read.trace)?.name !== this.chainName) continue;
      read.abandon(new StreamClosedError(this.#endpoint, reason));
    }
  }

  /** Notes that the handler came to a place. @throws StreamClosedError when it has come round. */
  visit(place: string): void {
    if (!this.#places || this.#reason === undefined) return;
    const visit = this.#places.get(place);
    if (!visit) {
      this.#places.set(place, { turn: currentTurn(), thrownAt: undefined });
    } else if (visit.turn !== currentTurn()) {
      const now = performance.now();
      if (visit.thrownAt !== undefined && now - visit.thrownAt < REARM_MS) return;
      visit.thrownAt = now;
      throw new StreamClosedError(this.#endpoint, this.#reason);
    }
  }
}

/**
 * A place at which any handler whose stream is over may be unwound: returns at once, except on the own await
 * chain of such a handler when it has come round to the same place in a later turn of the event loop.
 *
 * @throws StreamClosedError then.
 */
export function unwindPoint(): void {
  if (closing.size === 0) return;
  const chain = findAwaitChain(unwindPoint);
  if (chain) closing.get(chain.name)?.visit(chain.place);
}

/**
 * Runs a read that is an unwind point. One that is under way when the stream of its handler closes is given a
 * second; then it is aborted, so that a database that does not answer holds no handler.
 *
 * @throws StreamClosedError then, and like `unwindPoint`.
 */
export async function readAtUnwindPoint<T>(read: (signal?: AbortSignal) => Promise<T>): Promise<T> {
  unwindPoint();
  if (running === 0) return await read();
  const controller = new AbortController();
  let abandoned: StreamClosedError | undefined;
  const pending: PendingRead = {
    trace: captureTrace(readAtUnwindPoint),
    abandon: (error) => {
      abandoned = error;
      controller.abort(error);
    },
  };
  pendingReads.add(pending);
  try {
    return await read(controller.signal);
  } catch (error) {
    throw abandoned ?? error;
  } finally {
    pendingReads.delete(pending);
  }
}
