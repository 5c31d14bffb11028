import { createDeferred } from "../async/deferred.ts";
import { jitter } from "../async/jitter.ts";
import { startTimer } from "../async/timer.ts";
import type { OpenStream } from "../runtime/types.ts";

/** Bounds in ms of the reconnection time that clients are left with, so that they don't all come at once. */
const FAREWELL_RETRY_MS = [1_000, 5_000] as const;

interface Activity {
  isSending: boolean;
  isRunning: boolean;
}

/** All requests to streams that still hold anything: a handler that runs or a connection that sends. */
export class ActiveStreams {
  readonly #streams = new Map<OpenStream, Activity>();
  #onIdle: (() => void) | undefined;

  add(stream: OpenStream): void {
    this.#streams.set(stream, { isSending: true, isRunning: true });
  }

  noteFinished(stream: OpenStream): void {
    this.#note(stream, { isSending: false });
  }

  noteEnded(stream: OpenStream): void {
    this.#note(stream, { isRunning: false });
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
    return left.filter(([, { isRunning }]) => isRunning).map(([{ endpoint }]) => endpoint);
  }

  #note(stream: OpenStream, change: Partial<Activity>): void {
    const activity = this.#streams.get(stream);
    if (!activity) return;
    Object.assign(activity, change);
    if (activity.isSending || activity.isRunning) return;
    this.#streams.delete(stream);
    if (this.#streams.size === 0) this.#onIdle?.();
  }
}
