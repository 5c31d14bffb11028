// One connection to a server that may go away. It is made at its first use, made again whenever it breaks, and let
// go of by `close`. Every connection is a new one, so that what was under way on the last is known to be over,
// and nothing is left of a client's own attempts to reconnect.

import { createDeferred, type Deferred } from "../../async/deferred.ts";
import { jitter } from "../../async/jitter.ts";
import { startTimer, type Timer } from "../../async/timer.ts";

/** Bounds of the wait before the next attempt, in ms. */
const FIRST_WAIT_MS = 20;
const MAX_WAIT_MS = 1_000;
/** Least time that a caller waits while the very first attempt is under way, in ms: nobody is away yet. */
const FIRST_ATTEMPT_MS = 1_000;

/** How connections are made and ended. */
export interface LinkSpec<C> {
  /**
   * Makes a connection that is ready for use, and calls `onBreak` when it is over.
   *
   * @param signal Aborts when nobody wants it any more.
   */
  open(onBreak: (reason: unknown) => void, signal: AbortSignal): Promise<C>;
  /** Ends a connection, which may be over already, at once. */
  end(connection: C): void;
  /** Called for each new connection, before those who wait for one go on. */
  onUp?(connection: C): void;
  /** Called when the connection has broken, or could not be made: once until the next `onUp`. */
  onDown?(reason: unknown): void;
}

/** A connection that is made again for as long as it is wanted. */
export class Link<C> {
  readonly #spec: LinkSpec<C>;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Deferred<C | undefined>>();
  #connection: C | undefined;
  #isStarted = false;
  #hasTried = false;
  #isDown = false;
  #reason: unknown;
  #endPause: (() => void) | undefined;

  constructor(spec: LinkSpec<C>) {
    this.#spec = spec;
  }

  /** The connection, while there is one. */
  get connection(): C | undefined {
    return this.#connection;
  }

  /** Why there is none. */
  get reason(): unknown {
    return this.#reason;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Resolves to the connection, or to `undefined` after `boundMs` and at the close. */
  async whenUp(boundMs: number): Promise<C | undefined> {
    if (this.#connection !== undefined || this.closed) return this.#connection;
    this.#start();
    const waitMs = this.#hasTried ? boundMs : Math.max(boundMs, FIRST_ATTEMPT_MS);
    if (waitMs <= 0) return undefined;
    const waiting = createDeferred<C | undefined>();
    this.#waiting.add(waiting);
    const timer = startTimer(waitMs, () => this.#settle(waiting, undefined), { background: true });
    try {
      return await waiting.promise;
    } finally {
      timer.clear();
    }
  }

  /** Breaks a connection that turned out to be of no use, so that another is made. */
  renew(connection: C): void {
    if (this.#connection === connection) this.#spec.end(connection);
  }

  /** Ends the connection and all attempts at one. May be called repeatedly. */
  close(): void {
    if (this.closed) return;
    this.#closing.abort();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection !== undefined) this.#spec.end(connection);
    this.#endPause?.();
    for (const waiting of this.#waiting) this.#settle(waiting, undefined);
  }

  #start(): void {
    if (this.#isStarted) return;
    this.#isStarted = true;
    void this.#run();
  }

  async #run(): Promise<void> {
    for (let failures = 0; !this.closed; failures++) {
      try {
        const broken = createDeferred<unknown>();
        const connection = await this.#spec.open(broken.resolve, this.#closing.signal);
        if (this.closed) {
          this.#spec.end(connection);
          return;
        }
        failures = 0;
        this.#accept(connection);
        const reason = await broken.promise;
        this.#connection = undefined;
        this.#spec.end(connection);
        this.#noteDown(reason);
      } catch (error) {
        this.#noteDown(error);
      }
      await this.#pause(jitter(FIRST_WAIT_MS, Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (failures + 1))));
    }
  }

  #accept(connection: C): void {
    this.#connection = connection;
    this.#hasTried = true;
    this.#isDown = false;
    this.#reason = undefined;
    this.#spec.onUp?.(connection);
    for (const waiting of this.#waiting) this.#settle(waiting, connection);
  }

  #noteDown(reason: unknown): void {
    if (this.closed) return;
    this.#reason = reason;
    if (!this.#hasTried) {
      this.#hasTried = true;
    }
    if (this.#isDown) return;
    this.#isDown = true;
    this.#spec.onDown?.(reason);
  }

  #settle(waiting: Deferred<C | undefined>, connection: C | undefined): void {
    this.#waiting.delete(waiting);
    waiting.resolve(connection);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        timer.clear();
        this.#endPause = undefined;
        resolve();
      };
      const timer: Timer = startTimer(this.closed ? 0 : ms, end, { background: true });
      this.#endPause = end;
    });
  }
}
