import type { z } from "zod";

import type { FrameBatch } from "../delivery/frame-batch.ts";
import type { Pipe, PipeSink, SinkLog, SinkSource } from "../delivery/pipe.ts";
import { createEventReviver } from "../shape/revive-events.ts";
import { currentBroker } from "../topic/current-broker.ts";
import { createPipe } from "../topic/pipe.ts";
import { createEventStreamReader } from "../wire/event-stream-reader.ts";

/** Told of an event that was piped. */
export type RecordPiped = (event: string, data: unknown, id: string) => void;

/** Makes a pipe that tells of the events that it brings, with their dates and bigints. */
export function createRecordingPipe(events: z.ZodObject, record: RecordPiped): Pipe {
  const pipe = createPipe(currentBroker);
  const revive = createEventReviver(events);
  const sinks = new WeakMap<PipeSink, PipeSink>();
  return (sink, sources, options) => {
    let recording = sinks.get(sink);
    if (!recording) {
      recording = new RecordingSink(sink, (event, data, id) =>
        record(event, revive(event, JSON.parse(data)), id),
      );
      sinks.set(sink, recording);
    }
    return pipe(recording, sources, options);
  };
}

/** A sink that reads along. */
class RecordingSink implements PipeSink {
  readonly #sink: PipeSink;
  readonly #reader: { push(bytes: Uint8Array): void };

  constructor(sink: PipeSink, record: (event: string, data: string, id: string) => void) {
    this.#sink = sink;
    this.#reader = createEventStreamReader({ onEvent: ({ event, data, id }) => record(event, data, id) }, "");
  }

  get endpoint(): string {
    return this.#sink.endpoint;
  }

  get eventNames(): readonly string[] {
    return this.#sink.eventNames;
  }

  get lastEventId(): string | undefined {
    return this.#sink.lastEventId;
  }

  get maxBufferedBytes(): number {
    return this.#sink.maxBufferedBytes;
  }

  get closed(): boolean {
    return this.#sink.closed;
  }

  get isFull(): boolean {
    return this.#sink.isFull;
  }

  get log(): SinkLog {
    return this.#sink.log;
  }

  pushBatch(batch: FrameBatch): boolean {
    return this.#sink.pushBatch(batch) && this.#note(batch.bytes);
  }

  pushFrame(frame: string, events: number): boolean {
    return this.#sink.pushFrame(frame, events) && this.#note(Buffer.from(frame));
  }

  get bufferedBytes(): number {
    return this.#sink.bufferedBytes;
  }

  whenEmpty(): Promise<void> {
    return this.#sink.whenEmpty();
  }

  whenWritable(): Promise<void> {
    return this.#sink.whenWritable();
  }

  onClose(listener: () => void): () => void {
    return this.#sink.onClose(listener);
  }

  overflow(): void {
    this.#sink.overflow();
  }

  holdHead(): () => void {
    return this.#sink.holdHead();
  }

  get source(): SinkSource | undefined {
    return this.#sink.source;
  }

  set source(source: SinkSource | undefined) {
    this.#sink.source = source;
  }

  #note(bytes: Uint8Array): true {
    this.#reader.push(bytes);
    return true;
  }
}
