import { createDeferred, type Deferred } from "../async/deferred.ts";
import type { PipeSink, SinkSource } from "../delivery/pipe.ts";
import { TopicError } from "../errors/topic-errors.ts";
import { describeAddress, formatAddress, type LogAddress } from "./broker.ts";
import { joinCursors, MAX_PARTS } from "./cursor.ts";

/** A log's place in the ids of one stream. */
export interface PipedPosition {
  readonly address: LogAddress;
  /** Whether it is known where the stream begins in this log. */
  readonly isLocated: boolean;
  /** The part of the id; `undefined` before that. */
  readonly cursor: string | undefined;
  /** Whether the id that the client came with has a part for this log. */
  readonly isKnown: boolean;
}

/** One pipe of a stream, which may be from several logs. */
export interface StreamPipe {
  readonly logs: readonly PipedPosition[];
  /** The stream's next pipe, if it has another. */
  next: StreamPipe | undefined;
  /** The stream is over. */
  onClose(): void;
}

/** Gives all that a stream is piped from. */
export function pipesOf(sink: PipeSink): StreamPipes {
  const { source } = sink;
  if (source instanceof StreamPipes) return source;
  const pipes = new StreamPipes();
  sink.source = pipes;
  return pipes;
}

/**
 * All that one stream is piped from, and its positions there. No id is sent before the logs so far have theirs, since
 * one without them would lose what they bring before the next.
 */
export class StreamPipes implements SinkSource {
  /** Most often there is one, for as long as the stream lasts; a list of its own would take more room. */
  #first: StreamPipe | undefined;
  /** Made when somebody waits. */
  #located: Deferred<void> | undefined;

  /** Whether a single log makes up the ids, so that its own cursor is the id. */
  get isSingle(): boolean {
    return this.#first?.logs.length === 1 && this.#first.next === undefined;
  }

  /** Whether the client's id stands for a position in any of the logs. */
  get isKnown(): boolean {
    return [...this.#pipes()].some(({ logs }) => logs.some(({ isKnown }) => isKnown));
  }

  /** Takes a pipe up. @throws TopicError if one of its logs is piped already. */
  add(pipe: StreamPipe): void {
    for (const [index, { address }] of pipe.logs.entries()) {
      if (!this.#has(address) && !hasLog(pipe.logs.slice(0, index), address)) continue;
      throw new TopicError(
        address.topic,
        `${describeAddress(address)} is piped into this stream already. Pipe it once, or await the first pipe.`,
      );
    }
    const count = [pipe, ...this.#pipes()].reduce((sum, { logs }) => sum + logs.length, 0);
    if (count > MAX_PARTS) {
      throw new TopicError(
        pipe.logs[0]?.address.topic ?? "",
        `it would be one of ${count} topics and keys that are piped into one stream. An id can stand for ${MAX_PARTS}; ` +
          "use fewer keys, with a filter, or several streams.",
      );
    }
    let last = this.#first;
    while (last?.next) last = last.next;
    if (last) last.next = pipe;
    else this.#first = pipe;
  }

  /** Gives a pipe up. */
  remove(pipe: StreamPipe): void {
    if (this.#first === pipe) this.#first = pipe.next;
    else for (const each of this.#pipes()) if (each.next === pipe) each.next = pipe.next;
    this.noteLocated();
  }

  /** Has those go on that wait for all logs to have a cursor, if they have. */
  noteLocated(): void {
    if (!this.#located || !this.areLocated) return;
    this.#located.resolve();
    this.#located = undefined;
  }

  /** Resolves when every log so far has a cursor. */
  async whenLocated(): Promise<void> {
    if (!this.areLocated) await (this.#located ??= createDeferred()).promise;
  }

  /** Whether every log so far has a cursor. */
  get areLocated(): boolean {
    return [...this.#pipes()].every(({ logs }) => logs.every(({ isLocated }) => isLocated));
  }

  #has(address: LogAddress): boolean {
    return [...this.#pipes()].some(({ logs }) => hasLog(logs, address));
  }

  currentId(): string {
    const parts: string[] = [];
    for (const { logs } of this.#pipes()) {
      for (const { cursor } of logs) if (cursor !== undefined) parts.push(cursor);
    }
    return joinCursors(parts);
  }

  onClose(): void {
    // Each takes itself off the list, and keeps its own next.
    for (const pipe of this.#pipes()) pipe.onClose();
  }

  *#pipes(): Generator<StreamPipe> {
    for (let pipe = this.#first; pipe; pipe = pipe.next) yield pipe;
  }
}

function hasLog(logs: readonly PipedPosition[], address: LogAddress): boolean {
  const id = formatAddress(address);
  return logs.some((log) => formatAddress(log.address) === id);
}
