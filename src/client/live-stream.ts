// A stream over all its attempts. It is the one place that decides that the stream is over: `finish`, from
// which nothing leads back.

import { createDeferred } from "../async/deferred.ts";
import type { StreamedEvent } from "../wire/event-stream-reader.ts";
import { END_EVENT } from "../wire/event-stream.ts";
import { isPassing, startAttempt } from "./attempt.ts";
import { watchWaking } from "./globals.ts";
import type { OutgoingRequest } from "./request.ts";
import { planRetry, startRetryWait } from "./retry.ts";
import type { Step } from "./step.ts";
import type { FinalStatus, RetryOptions, StreamStatus, SubscribeOptions } from "./types.ts";

/** What a live stream is made with. */
export interface LiveStreamOptions extends OutgoingRequest {
  call: SubscribeOptions;
}

/** Keeps a stream open until it is over. What becomes of its events is for a subclass to say. */
export abstract class LiveStream {
  status: StreamStatus = "connecting";
  error: unknown;
  retryCount = 0;
  lastEventId: string;
  readonly closed: Promise<FinalStatus>;
  protected isOver = false;
  protected readonly options: LiveStreamOptions;
  readonly #closed = createDeferred<FinalStatus>();
  readonly #lifetime = new AbortController();
  #isStarted = false;
  /** What the stream is at: an attempt, or the wait for the next. */
  #step: Step | undefined;
  #serverMs: number | undefined;
  /**
   * Attempts in a row that brought nothing: no event, and no sign of life after the first. Other than for
   * `retryCount` it is no success that a stream was open.
   */
  #failures = 0;

  constructor(options: LiveStreamOptions) {
    this.options = options;
    const { lastEventId = "", signal } = options.call;
    this.lastEventId = lastEventId;
    this.closed = this.#closed.promise;
    signal?.addEventListener("abort", () => this.finish("closed"), { signal: this.#lifetime.signal });
  }

  /** Takes an event other than the end. */
  protected abstract onEvent(event: StreamedEvent): void;
  /** Takes notice that `status` or `retryCount` has changed. */
  protected abstract onChange(): void;
  /** Resolves when more may be read. */
  protected abstract hold(): Promise<void>;

  /** Makes the first request. May be called repeatedly. */
  protected start(): void {
    if (this.#isStarted || this.isOver) return;
    this.#isStarted = true;
    watchWaking(() => this.#step?.wake(), this.#lifetime.signal);
    void this.#run();
  }

  /** Ends the stream for good. Only the first call counts. */
  protected finish(status: FinalStatus, error?: unknown): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#lifetime.abort();
    this.#step?.abort();
    this.error = error;
    this.#change(status);
    this.#closed.resolve(status);
  }

  async #run(): Promise<void> {
    const { request, client, call } = this.options;
    const retry = { ...client.retry, ...call.retry };
    const { retries = Infinity } = retry;
    while (!this.isOver) {
      const error = await this.#try();
      if (this.isOver) return;
      // What is not safe to repeat may have been done already; from a position on, it is another request.
      const isSafe = request.method === "GET" || this.lastEventId !== "";
      if (!isSafe || !isPassing(error) || this.retryCount >= retries) {
        this.finish("failed", error);
        return;
      }
      await this.#pause(error, retry);
    }
  }

  /** Makes one attempt; resolves to what it failed with. */
  async #try(): Promise<unknown> {
    let pieces = 0;
    const attempt = startAttempt(this.options, this.lastEventId, {
      onOpen: () => {
        this.retryCount = 0;
        this.error = undefined;
        this.#change("open");
      },
      onEvent: (event) => {
        if (event.event === END_EVENT) {
          this.finish("ended");
          return;
        }
        this.#failures = 0;
        this.lastEventId = event.id;
        this.onEvent(event);
      },
      onPiece: ({ lastEventId, retryMs }) => {
        if (pieces++ > 0) this.#failures = 0;
        this.lastEventId = lastEventId;
        this.#serverMs = retryMs ?? this.#serverMs;
        return this.hold();
      },
    });
    this.#step = attempt;
    // A function for headers, which has been called by now, may have closed the stream.
    if (this.isOver) attempt.abort();
    return await attempt.over.then(
      () => this.finish("ended"),
      (reason: unknown) => reason,
    );
  }

  async #pause(error: unknown, retry: RetryOptions): Promise<void> {
    this.error = error;
    this.retryCount++;
    const state = { failures: ++this.#failures, serverMs: this.#serverMs, error };
    const wait = startRetryWait(planRetry(state, retry));
    this.#step = wait;
    this.#change("reconnecting");
    await wait.over;
  }

  #change(status: StreamStatus): void {
    this.status = status;
    this.onChange();
  }
}
