// One attempt at a stream: a request, and its response read until something ends it. Every wait in it ends
// when the attempt's signal aborts, also where a `fetch` from elsewhere takes no notice of that.

import { ConnectionError, ResponseError, ResponseFormatError } from "../errors/client-errors.ts";
import { EventStreamReader, type StreamedEvent } from "../wire/event-stream-reader.ts";
import { EVENT_STREAM_TYPE, parseKeepAliveComment } from "../wire/event-stream.ts";
import { readError, sendRequest, type PreparedRequest } from "./request.ts";
import type { CallOptions, ClientOptions } from "./types.ts";
import { Watchdog } from "./watchdog.ts";

/** What a stream is told while an attempt runs; nothing any more once it was aborted. */
export interface AttemptListener {
  onOpen(): void;
  onEvent(event: StreamedEvent): void;
  /** Reconnection time in ms that the server asks for. */
  onRetry(retryMs: number): void;
  /** All blocks of a piece were read; `lastEventId` is that of the last complete one. */
  onPosition(lastEventId: string): void;
  /** Gives what to wait for before more is read, or `undefined` to go on. */
  hold(): Promise<void> | undefined;
}

/** What every attempt at a stream has in common. */
export interface StreamRequest {
  request: PreparedRequest;
  url: string;
  client: ClientOptions;
  call: CallOptions;
}

/** What an attempt is made with. */
export interface AttemptOptions extends StreamRequest {
  lastEventId: string;
  listener: AttemptListener;
}

/** Longest event by default: far above what a server should send, far below what a tab can hold. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/** Statuses below 500 that may pass by themselves. */
const PASSING_STATUSES = new Set([408, 429]);

/** One attempt. `run` is called once. */
export class Attempt {
  readonly #options: AttemptOptions;
  readonly #controller = new AbortController();
  readonly #watchdog = new Watchdog(() => this.#abort("nothing was heard for longer than its keep-alive"));
  #problem: string | undefined;

  constructor(options: AttemptOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the server has answered that the stream has ended (204), and when the attempt was aborted.
   *
   * @throws what ended it otherwise; `isPassing` tells whether another attempt makes sense.
   */
  async run(): Promise<void> {
    try {
      const response = await this.#untilAborted(this.#send());
      if (response) await this.#take(response);
    } finally {
      this.#watchdog.stop();
      this.#controller.abort();
    }
    if (this.#problem) throw this.#error(this.#problem);
  }

  /** Ends the attempt quietly. */
  abort(): void {
    this.#controller.abort();
  }

  /** Asks for a sign of life soon, since there is reason to think that the connection may be dead. */
  doubt(): void {
    this.#watchdog.doubt();
  }

  /** Resolves to `undefined` at the abort, whatever becomes of the request. */
  async #untilAborted(sending: Promise<Response>): Promise<Response | undefined> {
    const { signal } = this.#controller;
    return await new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => resolve(undefined));
      sending.then(
        (response) => (signal.aborted ? void response.body?.cancel().catch(() => {}) : resolve(response)),
        (error: unknown) => reject(error as Error),
      );
    });
  }

  async #send(): Promise<Response> {
    const { request, url, client, call, lastEventId } = this.#options;
    return await sendRequest(request, {
      url,
      client,
      call,
      lastEventId,
      signal: this.#controller.signal,
      accept: EVENT_STREAM_TYPE,
      cache: "no-store",
    });
  }

  async #take(response: Response): Promise<void> {
    const { request, listener } = this.#options;
    if (response.status === 204) return;
    if (response.status !== 200) throw await readError(request, response);
    const type = response.headers.get("content-type") ?? "";
    if (type.split(";")[0]?.trim().toLowerCase() !== EVENT_STREAM_TYPE) {
      throw new ResponseFormatError(
        `${request.name}: expected ${EVENT_STREAM_TYPE}, received ${type ? JSON.stringify(type) : "no media type"}.`,
      );
    }
    listener.onOpen();
    if (response.body && !this.#controller.signal.aborted) await this.#read(response.body.getReader());
    if (!this.#controller.signal.aborted)
      throw this.#error("the connection was closed before the stream's end");
  }

  async #read(body: ReadableStreamDefaultReader<Uint8Array>): Promise<void> {
    const { listener, client, lastEventId } = this.#options;
    const { signal } = this.#controller;
    const reader = new EventStreamReader(
      {
        onEvent: (event) => signal.aborted || listener.onEvent(event),
        onRetry: (retryMs) => listener.onRetry(retryMs),
        onComment: (text) => {
          const periodMs = parseKeepAliveComment(text);
          if (periodMs !== undefined) this.#watchdog.expect(periodMs);
        },
      },
      { lastEventId, maxEventLength: client.maxEventLength ?? MAX_EVENT_LENGTH },
    );
    const cancel = (): void => void body.cancel().catch(() => {});
    signal.addEventListener("abort", cancel);
    try {
      for (;;) {
        const { done, value } = await this.#next(body);
        if (done || signal.aborted) return;
        this.#push(reader, value);
        if (signal.aborted) return;
        listener.onPosition(reader.lastEventId);
        this.#watchdog.hear();
        const held = listener.hold();
        if (!held) continue;
        // Silence is our own doing now.
        this.#watchdog.stop();
        await held;
        this.#watchdog.hear();
      }
    } finally {
      cancel();
    }
  }

  async #next(body: ReadableStreamDefaultReader<Uint8Array>): ReturnType<typeof body.read> {
    try {
      return await body.read();
    } catch (cause) {
      if (this.#controller.signal.aborted) return { done: true, value: undefined };
      throw this.#error("the connection broke off", cause);
    }
  }

  #push(reader: EventStreamReader, bytes: Uint8Array): void {
    try {
      reader.push(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new ResponseFormatError(
        `${this.#options.request.name}: ${error.message}. Raise the client's maxEventLength if that is right.`,
      );
    }
  }

  #abort(problem: string): void {
    this.#problem = problem;
    this.#controller.abort();
  }

  #error(problem: string, cause?: unknown): ConnectionError {
    return new ConnectionError(
      `${this.#options.request.name}: ${problem}`,
      cause === undefined ? {} : { cause },
    );
  }
}

/** Tells whether what an attempt failed with may be gone at the next one. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ResponseFormatError) return false;
  if (!(error instanceof ResponseError)) return true;
  return error.status >= 500 || PASSING_STATUSES.has(error.status);
}
