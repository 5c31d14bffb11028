import { FrameBatch } from "../delivery/frame-batch.ts";
import { formatEventStart, formatId } from "../wire/event-stream.ts";
import type { LogEntry } from "./broker.ts";

/** An entry of a log, made ready to be sent: framed once, for whoever gets it. */
export class FramedEntry {
  readonly position: number;
  readonly event: string;
  readonly data: string;
  /** The part of an id that stands for its position. */
  readonly cursor: string;
  /** The frame without its id, for streams of several logs. */
  readonly body: string;

  constructor({ position, event, data }: LogEntry, cursor: string) {
    this.position = position;
    this.event = event;
    this.data = data;
    this.cursor = cursor;
    this.body = `${formatEventStart(event)}${data}\n\n`;
  }

  /** The frame for a stream of this log alone. */
  get frame(): string {
    return formatId(this.cursor) + this.body;
  }
}

/** Entries that came in one turn, oldest first. */
export class EntryBatch {
  readonly entries: readonly FramedEntry[];
  readonly first: FramedEntry;
  readonly last: FramedEntry;
  #frames: FrameBatch | undefined;

  /** @param entries At least one. */
  constructor(entries: readonly [FramedEntry, ...FramedEntry[]]) {
    this.entries = entries;
    this.first = entries[0];
    this.last = entries.at(-1) ?? this.first;
  }

  /** Their frames, for streams of this log alone. */
  get frames(): FrameBatch {
    return (this.#frames ??= new FrameBatch(this.entries.map(({ frame }) => frame)));
  }
}
