import { createDeferred } from "../async/deferred.ts";
import { jitter } from "../async/jitter.ts";
import { startTimer } from "../async/timer.ts";
import type { OpenStream } from "../runtime/types.ts";

/** Bounds in ms of the reconnection time that clients are left with, so that they don't all come at once. */
const FAREWELL_RETRY_MS = [1_000, 5_000] as const;

/** What a stream still does, as bits. */
const SENDING = 1;
const RUNNING = 2;

/** All requests to streams that still hold anything: a handler that runs or a connection that sends. */
export class ActiveStreams {
  readonly #streams = new Map<OpenStream, number>();
  #onIdle: (() => void) | undefined;

  add(stream: OpenStream): void {
    this.#streams.set(stream, SENDING | RUNNING);
  }

  /** Those whose connection is not done, oldest first. */
  *sending(): Generator<OpenStream> {
    for (const [stream, activity] of this.#streams) if ((activity & SENDING) !== 0) yield stream;
  }

  noteFinished(stream: OpenStream): void {
    this.#note(stream, SENDING);
  }

  noteEnded(stream: OpenStream): void {
    this.#note(stream, RUNNING);
  }

  /**
   * Closes all streams with a farewell, and resolves when their handlers have ended and all is sent, or after
   * `timeoutMs`, when what is left is cut. Gives the endpoints whose handlers were still running.
   */
  async drain(timeoutMs: number): Promise<string[]> {
    for (const { connection } of this.#streams.keys()) {
      connection.close("shutdown", jitter(...FAREWELL_RETRY_MS));
    }
    if (this.#streams.size > 0) {
      const idle = createDeferred();
      const timer = startTimer(timeoutMs, idle.resolve);
      this.#onIdle = idle.resolve;
      await idle.promise;
      timer.clear();
    }
    const left = [...this.#streams];
    for (const [stream] of left) stream.destroy();
    return left.filter(([, activity]) => (activity & RUNNING) !== 0).map(([{ endpoint }]) => endpoint);
  }

  #note(stream: OpenStream, done: number): void {
    const activity = this.#streams.get(stream);
    if (activity === undefined) return;
    const left = activity & ~done;
    if (left !== 0) {
      this.#streams.set(stream, left);
      return;
    }
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#onIdle?.();
  }
}
