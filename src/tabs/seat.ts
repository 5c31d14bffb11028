import { createDeferred } from "../async/deferred.ts";
import type { Head } from "./messages.ts";

/** How a seat gets its events: not yet, from the leader, or by a request of its own. */
export type SeatState = "waiting" | "live" | "direct";

/** Shares a request anew, as if it had just come, after that last event ID. */
export type Rejoin = (request: Request, lastEventId: string) => Promise<Response>;

const NO_BODY = new Set([204, 205, 304]);

/** What one call of `fetch` gets: a response that is made of what others have read. */
export class Seat {
  /** Whether the leader's events are for it. */
  isLive = false;
  /** Ends the request that it has of its own. */
  own: AbortController | undefined;
  /**
   * The last event ID that it goes on from; `undefined` while it is not enough to tell what was delivered, since
   * events without ids have come after it.
   */
  lastEventId: string | undefined;
  readonly request: Request;
  readonly #response = createDeferred<Response>();
  readonly #gone = new AbortController();
  readonly #maxBytes: number;
  #body: ReadableStreamDefaultController<Uint8Array> | undefined;
  #onPull: (() => void) | undefined;

  /** @param maxBytes what may wait to be read; an event on an empty buffer is always taken. */
  constructor(request: Request, lastEventId: string, maxBytes: number) {
    this.request = request;
    this.lastEventId = lastEventId;
    this.#maxBytes = maxBytes;
    const { signal } = request;
    signal.addEventListener("abort", () => this.fail(signal.reason), { signal: this.#gone.signal });
  }

  /** Resolves to the response once there is one; rejects as a `fetch` would. */
  get response(): Promise<Response> {
    return this.#response.promise;
  }

  get state(): SeatState {
    if (this.own) return "direct";
    return this.isLive ? "live" : "waiting";
  }

  /** Whether the response is there. */
  get isOpen(): boolean {
    return this.#body !== undefined;
  }

  /** Aborts when nobody will read from it any more, or nothing more will come. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  /** Gives the response, with a body that stays open. */
  open(head: Head): void {
    const body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.#body = controller),
        pull: () => this.#onPull?.(),
        cancel: () => this.#gone.abort(),
      },
      { highWaterMark: this.#maxBytes, size: (bytes) => bytes?.byteLength ?? 0 },
    );
    this.#response.resolve(toResponse(head, body));
  }

  /**
   * Takes what comes next. A seat whose reader is too far behind is closed instead, after what it has already
   * got, so that the reader comes back and goes on from there.
   */
  push(bytes: Uint8Array): void {
    if (this.#gone.signal.aborted || bytes.length === 0) return;
    if ((this.#body?.desiredSize ?? 0) <= 0) this.close();
    else this.#body?.enqueue(bytes);
  }

  /** Resolves when there is room, or when it is gone. */
  async room(): Promise<void> {
    if (this.#gone.signal.aborted || (this.#body?.desiredSize ?? 0) > 0) return;
    await new Promise<void>((resolve) => {
      this.#onPull = resolve;
      this.#gone.signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  /** Gives a response that needs nothing further from here. */
  answer(response: Response | Promise<Response>): void {
    this.#response.resolve(response);
    this.#gone.abort();
  }

  /** Ends it as a connection that broke: the body after what it has, a wait for the response with an error. */
  close(): void {
    if (this.#gone.signal.aborted) return;
    this.#body?.close();
    this.#response.reject(new TypeError("the tab that has the connection got no answer"));
    this.#gone.abort();
  }

  /** Ends it with that error, at once. */
  fail(error: unknown): void {
    this.#response.reject(error);
    if (this.#gone.signal.aborted) return;
    this.#body?.error(error);
    this.#gone.abort();
  }
}

/** Takes down what is known of a response besides its body. */
export function toHead({ status, statusText, headers }: Response): Head {
  return [status, statusText, Array.from(headers)];
}

/** Makes a response of it again. */
export function toResponse(
  [status, statusText, headers]: Head,
  body: ReadableStream<Uint8Array> | string,
): Response {
  return new Response(NO_BODY.has(status) ? null : body, { status, statusText, headers });
}
