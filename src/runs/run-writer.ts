// The client of a run's connection: it takes the stream as it would go to a browser, and writes its events into the
// run's log, one after another. So a run is validated, held up and ended like any stream.

import { startTimer, type Timer } from "../async/timer.ts";
import type { Transport, TransportOwner } from "../connection/transport.ts";
import type { FrameBatch } from "../delivery/frame-batch.ts";
import { createEventStreamReader } from "../wire/event-stream-reader.ts";
import { END_EVENT } from "../wire/event-stream.ts";
import { ALIVE_MS, MARKS, type RunLog, type RunOutcome } from "./run-log.ts";

/** Above this the handler is held up, if it can be. */
const HIGH_MARK_LENGTH = 65_536;
/** A broker that is away is waited for as long as a timer can. */
const FOR_EVER_MS = 2 ** 31 - 1;

interface Piece {
  event: string;
  data: string;
}

/** Writes one run into its log. */
export class RunWriter implements Transport {
  readonly inFlightBytes = 0;
  /** How the run is over unless it ends on purpose. */
  outcome: RunOutcome = "failed";
  readonly #log: RunLog;
  readonly #onError: (error: unknown) => void;
  readonly #queue: Piece[] = [];
  #pending = 0;
  #owner: TransportOwner | undefined;
  #onFlushed: (() => void) | undefined;
  #isWriting = false;
  #isOver = false;
  /** An event could not be stored, so that none may follow it. */
  #isBroken = false;
  #alive: Timer;

  readonly #reader = createEventStreamReader(
    {
      onEvent: ({ event, data }) => {
        if (event === END_EVENT) this.outcome = "end";
        else if (!this.#isBroken) this.#push({ event, data });
      },
    },
    "",
  );

  /** @param onError Told when the log takes no more. */
  constructor(log: RunLog, onError: (error: unknown) => void) {
    this.#log = log;
    this.#onError = onError;
    this.#alive = this.#startAlive();
  }

  get pendingBytes(): number {
    return this.#pending;
  }

  get needsDrain(): boolean {
    return this.#pending > HIGH_MARK_LENGTH;
  }

  attach(owner: TransportOwner): void {
    this.#owner = owner;
  }

  writeBatch({ bytes }: FrameBatch): void {
    this.write(bytes);
  }

  /** It tells whenever all is stored. */
  watchSent(): void {}

  write(chunk: string | Buffer): void {
    this.#reader.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
    void this.#write();
  }

  end(onFlushed: () => void): void {
    this.#onFlushed = onFlushed;
    this.#finish();
  }

  destroy(): void {
    if (this.#isOver) return;
    this.#queue.length = 0;
    this.#finish();
  }

  #finish(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#alive.clear();
    this.#push({ event: MARKS[this.outcome], data: "null" });
    void this.#write();
  }

  #push(piece: Piece): void {
    this.#queue.push(piece);
    this.#pending += piece.data.length;
  }

  async #write(): Promise<void> {
    if (this.#isWriting) return;
    this.#isWriting = true;
    for (let piece = this.#queue.shift(); piece; piece = this.#queue.shift()) {
      try {
        await this.#log.append(piece.event, piece.data, FOR_EVER_MS);
      } catch (error) {
        this.#break(error);
        continue;
      }
      const wasFull = this.needsDrain;
      this.#pending = Math.max(0, this.#pending - piece.data.length);
      if (wasFull && !this.needsDrain) this.#owner?.onDrain();
    }
    this.#pending = 0;
    this.#isWriting = false;
    this.#owner?.onSent();
    if (this.#isOver) this.#onFlushed?.();
  }

  /** Takes no further event; all that is still written is how the run is over. */
  #break(error: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#queue.length = 0;
    this.#pending = 0;
    this.#onError(error);
    this.#owner?.onDrain();
  }

  #startAlive(): Timer {
    const tell = (): void => {
      this.#push({ event: MARKS.alive, data: "null" });
      void this.#write();
      this.#alive = this.#startAlive();
    };
    return startTimer(ALIVE_MS, tell, { background: true });
  }
}
