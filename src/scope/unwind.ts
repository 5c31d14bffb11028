// Unwinding: how a handler that never yields is ended once its stream is over.
//
// A generator parked at `yield` can be told to return; one that loops over `publish` and a plain timer can
// not. So calls that a loop makes anyway are unwind points. After the close such a call does what it does
// on a closed stream, and the position it came from is noted. When the handler comes to the same place
// again in a later turn of the event loop, a loop has come round, and the call throws. Then nothing throws for
// a second, so that `catch` and `finally` run undisturbed, also those within the loop. A handler that is still
// there afterwards is thrown at again, at another place first than where it has swallowed the error.
//
// One loop of several (`Promise.all`) that throws ends the handler, and the others are awaited by nobody then. They
// are known by the places that they came to before, and thrown at when they come there again.

import { setTimeout, clearTimeout } from "node:timers";
import { performance } from "node:perf_hooks";

import { StreamClosedError, type CloseReason } from "../errors/stream-errors.ts";
import {
  captureTrace,
  findAwaitChain,
  nameRunner,
  readTrace,
  type Runner,
  type Trace,
} from "./await-chain.ts";
import {
  isAnyRunning,
  nameHandlers,
  noteBegin,
  noteClose,
  noteEnd,
  type RunningHandler,
} from "./own-stream.ts";
import { currentTurn } from "./turn.ts";

/** How long nothing is thrown after a throw, in ms. */
const REARM_MS = 1_000;
/** How long a read that is under way at the close may still take, in ms. */
const PATIENCE_MS = 1_000;
/** The same for a read that begins after the close, which may belong to a clean-up. */
const CLEANUP_PATIENCE_MS = 10_000;
/** How long a handler may go on after its stream is over before that is reported, in ms. */
const REPORT_MS = 30_000;

/** Handlers whose stream is over and that have not ended, by the name of their chain. */
const closing = new Map<string, Unwinder>();

/** A read under way, of which handler is only looked up when one closes. */
interface PendingRead {
  trace: Trace;
  /** Read from the trace, which can be read once; `null` for nobody's. */
  chainName?: string | null;
  abandon(error: StreamClosedError): void;
}

const pendingReads = new Set<PendingRead>();

interface Visit {
  /** Of the latest time. */
  turn: number;
  /** Turns after the first one in which the handler came here. */
  rounds: number;
}

/** What there is to know of a handler once its stream is over. */
interface Closing {
  readonly reason: CloseReason;
  /** `undefined` once the handler has ended. */
  places: Map<string, Visit> | undefined;
  /** Places at which the handler has swallowed the error. */
  swallowed?: Set<string>;
  /** Places that a handler had come to when it was unwound, for what it has left behind. */
  left?: Set<string>;
  thrownAt?: number;
  readonly reportTimer: NodeJS.Timeout;
  patienceTimer?: NodeJS.Timeout;
}

/** Where an unwind point was reached from: not on the handler's chain, or on it, there for the first time or not. */
export type Arrival = "elsewhere" | "first" | "again";

/** Ends the handler of one stream after its close. */
export class Unwinder implements RunningHandler {
  readonly #endpoint: string;
  /** While the handler runs. */
  #runner: Runner | undefined;
  #chainName: string | undefined;
  #closing: Closing | undefined;
  #ended = false;

  /** @param endpoint `ClassName.methodName`. */
  constructor(endpoint: string) {
    this.#endpoint = endpoint;
  }

  get chainName(): string {
    // Nothing is on the chain of a handler that has not begun.
    if (!this.#runner) return "";
    return (this.#chainName ??= nameRunner(this.#runner));
  }

  get isOver(): boolean {
    return this.#closing !== undefined;
  }

  /** Notes that the handler begins. `runner` is the one function that awaits it. */
  begin(runner: Runner): void {
    this.#runner = runner;
    noteBegin(this);
    if (this.isOver) closing.set(this.chainName, this);
  }

  /**
   * Starts unwinding. `onLinger` is called once when the handler is still at it after 30 s.
   */
  arm(reason: CloseReason, onLinger: () => void): void {
    if (this.#closing || this.#ended) return;
    const reportTimer = setTimeout(onLinger, REPORT_MS).unref();
    this.#closing = { reason, places: new Map(), reportTimer };
    if (this.#runner) closing.set(this.chainName, this);
    noteClose(this);
    if (pendingReads.size === 0) return;
    const reads = [...pendingReads];
    this.#closing.patienceTimer = setTimeout(() => this.#abandonAll(reads), PATIENCE_MS).unref();
  }

  /** Stops unwinding for good, because the handler has ended. May be called repeatedly. */
  disarm(): void {
    this.#ended = true;
    if (this.#runner) noteEnd(this);
    this.#runner = undefined;
    if (this.#chainName !== undefined) closing.delete(this.#chainName);
    if (!this.#closing) return;
    clearTimeout(this.#closing.reportTimer);
    clearTimeout(this.#closing.patienceTimer);
    this.#closing.places = undefined;
  }

  /** Tells whether the running code is on this handler's own await chain. */
  isOwnChain(): boolean {
    const { chainName } = this;
    return chainName !== "" && findAwaitChain(this.isOwnChain).name === chainName;
  }

  /**
   * An unwind point of this stream.
   *
   * @throws StreamClosedError when the handler has come round.
   */
  check(): Arrival {
    if (!this.#closing) return "elsewhere";
    const { chainName } = this;
    const chain = findAwaitChain(this.check);
    if (chain.name !== undefined && chain.name === chainName) return this.visit(chain.place);
    if (
      chain.name === undefined &&
      chain.isJob &&
      [...(this.#closing.left ?? [])].some((place) => isBelow(chain.place, place))
    ) {
      throw new StreamClosedError(this.#endpoint, this.#closing.reason);
    }
    return "elsewhere";
  }

  /** Lets go of a read of this handler. */
  abandon(read: PendingRead): void {
    if (this.#closing) read.abandon(new StreamClosedError(this.#endpoint, this.#closing.reason));
  }

  #abandonAll(reads: readonly PendingRead[]): void {
    // A stack can be read once, and then has to tell whose it is, whosoever that may be.
    nameHandlers();
    for (const read of reads) {
      read.chainName ??= readTrace(read.trace).name ?? null;
      if (!pendingReads.has(read) || read.chainName !== this.chainName) continue;
      this.abandon(read);
    }
  }

  /** Notes that the handler came to a place. @throws StreamClosedError when it has come round. */
  visit(place: string): Arrival {
    const state = this.#closing;
    if (!state?.places) return "elsewhere";
    const { places, reason } = state;
    const turn = currentTurn();
    const visit = places.get(place);
    if (!visit) {
      places.set(place, { turn, rounds: 0 });
      return "first";
    }
    if (visit.turn === turn) return "first";
    visit.turn = turn;
    visit.rounds++;
    const now = performance.now();
    if (state.thrownAt !== undefined && now - state.thrownAt < REARM_MS) return "again";
    if (state.swallowed?.has(place) && visit.rounds < 2) return "again";
    state.thrownAt = now;
    state.left ??= new Set();
    for (const each of places.keys()) state.left.add(each);
    state.swallowed ??= new Set();
    state.swallowed.add(place);
    places.clear();
    throw new StreamClosedError(this.#endpoint, reason);
  }
}

/** Tells whether a place is the upper end of another, whose lower end is the handler. */
function isBelow(place: string, other: string): boolean {
  return place !== "" && other.startsWith(`${place}\n`);
}

/**
 * A place at which any handler whose stream is over may be unwound: returns at once, except on the own await
 * chain of such a handler when it has come round to the same place in a later turn of the event loop.
 *
 * @throws StreamClosedError then.
 */
export function unwindPoint(): void {
  if (closing.size === 0) return;
  const { name, place } = findAwaitChain(unwindPoint);
  if (name !== undefined) closing.get(name)?.visit(place);
}

/**
 * Runs a read that is an unwind point. One that is under way when the stream of its handler closes is given a
 * second; then it is aborted, so that a database that does not answer holds no handler.
 *
 * @throws StreamClosedError then, and like `unwindPoint`.
 */
export async function readAtUnwindPoint<T>(read: (signal?: AbortSignal) => Promise<T>): Promise<T> {
  unwindPoint();
  if (!isAnyRunning()) return await read();
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
  const timer =
    closing.size === 0 ? undefined : setTimeout(abandonInCleanup, CLEANUP_PATIENCE_MS, pending).unref();
  try {
    return await read(controller.signal);
  } catch (error) {
    throw abandoned ?? error;
  } finally {
    pendingReads.delete(pending);
    clearTimeout(timer);
  }
}

/** Abandons a read that began on the chain of a handler whose stream was over. */
function abandonInCleanup(read: PendingRead): void {
  nameHandlers();
  read.chainName ??= readTrace(read.trace).name ?? null;
  closing.get(read.chainName ?? "")?.abandon(read);
}
