// A stream over all its attempts. It is the one place that decides that the stream is over: `finish`, from
// which nothing leads back.

import { createDeferred } from "../async/deferred.ts";
import { ResponseError } from "../errors/client-errors.ts";
import type { StreamedEvent } from "../wire/event-stream-reader.ts";
import { END_EVENT } from "../wire/event-stream.ts";
import { Attempt, isPassing, type AttemptListener, type StreamRequest } from "./attempt.ts";
import { watchWaking } from "./globals.ts";
import { MAX_INTERVAL_MS, planRetry, RetryWait } from "./retry.ts";
import type { FinalStatus, RetryOptions, StreamStatus } from "./types.ts";

/** What whoever hands the events on is told. */
export interface LiveStreamOwner {
  onEvent(event: StreamedEvent): void;
  /** `status` or `retryCount` has changed. */
  onChange(): void;
  /** Gives what to wait for before more is read, or `undefined` to go on. */
  hold(): Promise<void> | undefined;
}

/** What a live stream is made with. */
export interface LiveStreamOptions extends StreamRequest {
  lastEventId: string;
  retry: RetryOptions;
  owner: LiveStreamOwner;
}

/** Keeps a stream open until it is over. */
export class LiveStream {
  readonly #options: LiveStreamOptions;
  readonly #closed = createDeferred<FinalStatus>();
  #status: StreamStatus = "connecting";
  #error: unknown;
  #retryCount = 0;
  #lastEventId: string;
  #isStarted = false;
  #attempt: Attempt | undefined;
  #wait: RetryWait | undefined;
  #unwatch: (() => void) | undefined;
  #serverRetryMs: number | undefined;
  /** Attempts in a row that brought nothing. Other than for `retryCount`, an open stream alone is no success. */
  #failures = 0;
  #openedAt = Number.POSITIVE_INFINITY;

  constructor(options: LiveStreamOptions) {
    this.#options = options;
    this.#lastEventId = options.lastEventId;
  }

  get status(): StreamStatus {
    return this.#status;
  }

  get error(): unknown {
    return this.#error;
  }

  get retryCount(): number {
    return this.#retryCount;
  }

  get lastEventId(): string {
    return this.#lastEventId;
  }

  get closed(): Promise<FinalStatus> {
    return this.#closed.promise;
  }

  get isOver(): boolean {
    return this.#status === "ended" || this.#status === "closed" || this.#status === "failed";
  }

  /** Makes the first request. May be called repeatedly. */
  start(): void {
    if (this.#isStarted || this.isOver) return;
    this.#isStarted = true;
    this.#unwatch = watchWaking(() => {
      this.#wait?.hurry();
      this.#attempt?.doubt();
    });
    void this.#run();
  }

  /** Ends the stream for good. Only the first call counts. */
  finish(status: FinalStatus, error?: unknown): void {
    if (this.isOver) return;
    this.#unwatch?.();
    this.#attempt?.abort();
    this.#wait?.stop();
    this.#error = error;
    this.#change(status);
    this.#closed.resolve(status);
  }

  async #run(): Promise<void> {
    const { request, url, client, call, retry } = this.#options;
    const listener = this.#listen();
    for (;;) {
      const lastEventId = this.#lastEventId;
      const attempt = new Attempt({ request, url, client, call, lastEventId, listener });
      this.#attempt = attempt;
      const error = await attempt.run().then(
        () => this.finish("ended"),
        (reason: unknown) => reason,
      );
      this.#attempt = undefined;
      if (this.isOver) return;
      if (!this.#mayRepeat(error)) {
        this.finish("failed", error);
        return;
      }
      if (Date.now() - this.#openedAt >= (retry.maxInterval ?? MAX_INTERVAL_MS)) this.#failures = 0;
      this.#openedAt = Number.POSITIVE_INFINITY;
      await this.#pause(error);
      if (this.isOver) return;
    }
  }

  #mayRepeat(error: unknown): boolean {
    const { request, retry } = this.#options;
    // What is not safe to repeat may have been done already; from a position on, it is another request.
    const isSafe = request.method === "GET" || this.#lastEventId !== "";
    return isSafe && isPassing(error) && this.#retryCount < (retry.retries ?? Number.POSITIVE_INFINITY);
  }

  async #pause(error: unknown): Promise<void> {
    const retryAfter = error instanceof ResponseError ? error.retryAfter : undefined;
    this.#error = error;
    this.#retryCount++;
    this.#failures++;
    const wait = new RetryWait(
      planRetry(
        {
          failures: this.#failures,
          serverMs: this.#serverRetryMs,
          retryAfterMs: retryAfter === undefined ? undefined : retryAfter * 1_000,
        },
        this.#options.retry,
      ),
    );
    this.#wait = wait;
    this.#change("reconnecting");
    await wait.promise;
    this.#wait = undefined;
  }

  #listen(): AttemptListener {
    const { owner } = this.#options;
    return {
      hold: () => owner.hold(),
      onRetry: (retryMs) => (this.#serverRetryMs = retryMs),
      onPosition: (lastEventId) => (this.#lastEventId = lastEventId),
      onOpen: () => {
        this.#openedAt = Date.now();
        this.#retryCount = 0;
        this.#error = undefined;
        this.#change("open");
      },
      onEvent: (event) => {
        if (event.event === END_EVENT) {
          this.finish("ended");
          return;
        }
        this.#failures = 0;
        this.#lastEventId = event.id;
        owner.onEvent(event);
      },
    };
  }

  #change(status: StreamStatus): void {
    this.#status = status;
    this.#options.owner.onChange();
  }
}
