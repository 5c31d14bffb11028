import { createDeferred, type Deferred } from "../async/deferred.ts";
import { watchOwnStream } from "../scope/own-stream.ts";
import { nextTurn } from "../scope/turn.ts";
import { copyRow } from "./copy-row.ts";
import type { AnyRow } from "./decode.ts";
import type { Change, Changes } from "./types.ts";

/** Changes that wait for a subscriber. One more, and all of them give way to a gap. */
export const MAX_QUEUED = 1_000;

/** Where changes come from, as one subscription sees it. */
export interface SubscriptionSource {
  /** Begins to push into the subscription; resolves when all that is committed from then on comes. */
  start(subscription: Subscription): Promise<void>;
  /** Lets the subscription go. Called once, if `start` was. */
  stop(subscription: Subscription): void;
  /** @throws QueryError where the running code must not wait for changes. */
  assertMayWait(): void;
}

type Step = IteratorResult<Change<AnyRow>, undefined>;

/** One reader of changes, from its call until its stream, its signal, the database or the reader ends it. */
export class Subscription implements Changes<AnyRow> {
  readonly #source: SubscriptionSource;
  #queue: Change<AnyRow>[] = [];
  #waiting: Deferred<Step>[] = [];
  #starting: Promise<void> | undefined;
  #failure: { cause: unknown } | undefined;
  /** Whether somebody has been given the failure by `next`. */
  #told = false;
  #over = false;
  readonly #end = createDeferred();
  #unwatch: (() => void) | undefined;
  #unlisten: (() => void) | undefined;

  constructor(source: SubscriptionSource, signal?: AbortSignal) {
    this.#source = source;
    const end = (): void => this.end();
    if (signal?.aborted) this.end();
    else if (signal) {
      signal.addEventListener("abort", end, { once: true });
      this.#unlisten = () => signal.removeEventListener("abort", end);
    }
    this.#watch();
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async ready(): Promise<void> {
    this.#source.assertMayWait();
    this.#watch();
    await Promise.race([this.#start(), this.#end.promise]);
    if (this.#failure) throw this.#failure.cause;
  }

  async next(): Promise<Step> {
    this.#source.assertMayWait();
    this.#watch();
    void this.#start();
    const change = this.#queue.shift();
    if (change) return { done: false, value: toOwn(change) };
    if (this.#failure && !this.#told) {
      this.#told = true;
      throw this.#failure.cause;
    }
    if (this.#over) {
      // A loop around this one must not keep the others from their turn.
      await nextTurn();
      return { done: true, value: undefined };
    }
    const waiting = createDeferred<Step>();
    this.#waiting.push(waiting);
    return await waiting.promise;
  }

  async return(): Promise<Step> {
    this.end();
    return { done: true, value: undefined };
  }

  /** Takes a change; does nothing after the end. */
  push(change: Change<AnyRow>): void {
    if (this.#over) return;
    const waiting = this.#waiting.shift();
    if (waiting) {
      waiting.resolve({ done: false, value: toOwn(change) });
      return;
    }
    if (change.gap && this.#queue.at(-1)?.gap) return;
    if (this.#queue.length >= MAX_QUEUED) this.#queue = [{ gap: true }];
    this.#queue.push(change);
  }

  /** Ends it: what is queued is dropped, whoever waits is told that it is over. May be called repeatedly. */
  end(): void {
    this.#finish();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }

  /** Ends it with an error, which the first who waits gets. */
  fail(cause: unknown): void {
    if (this.#over) return;
    this.#failure = { cause };
    const first = this.#waiting.shift();
    if (first) {
      this.#told = true;
      first.reject(cause);
    }
    this.end();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#queue = [];
    this.#unwatch?.();
    this.#unlisten?.();
    this.#end.resolve();
    if (this.#starting) this.#source.stop(this);
  }

  /** It is the stream's on whose handler's chain it was made, or else first read. */
  #watch(): void {
    if (this.#over || this.#unwatch) return;
    this.#unwatch = watchOwnStream(() => this.end());
  }

  #start(): Promise<void> {
    if (this.#over && !this.#starting) return Promise.resolve();
    this.#starting ??= this.#source.start(this).catch((error: unknown) => this.fail(error));
    return this.#starting;
  }
}

/** Each reader gets a row of its own, which it may change. */
function toOwn(change: Change<AnyRow>): Change<AnyRow> {
  return change.gap ? change : { type: change.type, row: copyRow(change.row) };
}
