// One attempt at a stream: a request, and its response read until something ends it. Every wait in it ends
// when the attempt's signal aborts, also where a `fetch` from elsewhere takes no notice of that.

import { createDeferred } from "../async/deferred.ts";
import { ConnectionError, ResponseError, ResponseFormatError } from "../errors/client-errors.ts";
import {
  createEventStreamReader,
  type EventStreamReader,
  type StreamedEvent,
} from "../wire/event-stream-reader.ts";
import { EVENT_STREAM_TYPE, parseKeepAliveComment } from "../wire/event-stream.ts";
import { readError, sendRequest, type OutgoingRequest } from "./request.ts";
import type { Step } from "./step.ts";
import { startWatchdog } from "./watchdog.ts";

/** What a stream is told while an attempt runs; nothing any more once it was aborted. */
export interface AttemptListener {
  onOpen(): void;
  onEvent(event: StreamedEvent): void;
  /** A piece was read, with what the reader has found by now. Resolves when the next may be read. */
  onPiece(found: Pick<EventStreamReader, "lastEventId" | "retryMs">): Promise<void>;
}

/** Longest event by default: far above what a server should send, far below what a tab can hold. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/**
 * Starts an attempt at a stream, after the event of that id. It is over when the server has answered that the
 * stream has ended (204), and rejects with what ended it otherwise; `isPassing` tells whether another one makes
 * sense. At `wake` it asks for a sign of life soon.
 */
export function startAttempt(stream: OutgoingRequest, lastEventId: string, listener: AttemptListener): Step {
  const { request, client } = stream;
  const controller = new AbortController();
  const { signal } = controller;
  const { promise, resolve, reject } = createDeferred();
  const broken = (problem: string, cause?: unknown): ConnectionError =>
    new ConnectionError(`${request.name}: ${problem}`, { cause });
  const stop = (): void => {
    watchdog.stop();
    controller.abort();
  };
  const watchdog = startWatchdog(() => {
    reject(broken("silent beyond its keep-alive"));
    stop();
  });

  const reader = createEventStreamReader(
    {
      onEvent: (event) => signal.aborted || listener.onEvent(event),
      onComment: (text) => watchdog.expect(parseKeepAliveComment(text)),
    },
    lastEventId,
  );

  const read = async (body: ReadableStreamDefaultReader<Uint8Array>): Promise<void> => {
    for (;;) {
      const { done, value } = await body.read().catch((cause: unknown) => {
        throw cause instanceof ResponseFormatError ? cause : broken("broke off", cause);
      });
      if (signal.aborted) return;
      if (done) throw broken("closed before its end");
      reader.push(value);
      if (signal.aborted) return;
      if (reader.pendingLength > (client.maxEventLength ?? MAX_EVENT_LENGTH)) {
        throw new ResponseFormatError(`${request.name}: an event exceeds maxEventLength`);
      }
      // While nothing is read, silence is our own doing.
      watchdog.stop();
      await listener.onPiece(reader);
      if (signal.aborted) return;
      watchdog.hear();
    }
  };

  const run = async (): Promise<void> => {
    const response = await sendRequest(stream, {
      lastEventId,
      signal,
      accept: EVENT_STREAM_TYPE,
      cache: "no-store",
    });
    if (!signal.aborted) {
      if (response.status === 204) return;
      if (response.status !== 200) throw await readError(request, response);
    }
    const body = response.body?.getReader();
    const cancel = (): void => void body?.cancel().catch(() => {});
    // The signal, which aborts at every end, does not reach into a body that a `fetch` from elsewhere has made.
    signal.addEventListener("abort", cancel);
    if (signal.aborted) {
      cancel();
      return;
    }
    const type = response.headers.get("content-type") ?? "";
    if (!/^text\/event-stream\s*(;|$)/i.test(type) || !body) {
      throw new ResponseFormatError(`${request.name}: no event stream: "${type}"`);
    }
    listener.onOpen();
    if (!signal.aborted) await read(body);
  };

  // Not awaited by whoever aborts: a `fetch` from elsewhere may take no notice of the signal.
  void run().then(resolve, reject).finally(stop);
  return {
    over: promise,
    abort() {
      resolve();
      stop();
    },
    wake: watchdog.doubt,
  };
}

/** Tells whether what an attempt failed with may be gone at the next one. */
export function isPassing(error: unknown): boolean {
  if (error instanceof ResponseError) {
    return error.status >= 500 || error.status === 408 || error.status === 429;
  }
  return !(error instanceof ResponseFormatError);
}
