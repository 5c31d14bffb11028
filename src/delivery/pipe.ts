// What a connection and a topic know of each other. Both stand on the floor above and neither knows the other.

import type { FrameBatch } from "./frame-batch.ts";

/** An event by its name, with the data that a client gets to see. */
export interface PipedEvent {
  event: string;
  data: unknown;
}

declare const EVENTS: unique symbol;

/** What `sse.pipe` takes: a topic, or one key of it. */
export interface PipeSource<out Event extends PipedEvent = PipedEvent> {
  /** For the compiler alone, which events come from here. */
  readonly [EVENTS]?: Event;
}

/** The events that come from a source. */
export type EventsOf<S> = S extends PipeSource<infer Event> ? Event : never;

/** A hole in what a client has seen. */
export interface PipeGap {
  topic: string;
  key?: string;
  /** The id that the client had. */
  after: string;
}

/** Options of `sse.pipe`. */
export interface PipeOptions<Event extends PipedEvent = PipedEvent> {
  /**
   * Says for every event, replayed ones included, whether this client may have it. Anything but `true` holds
   * the event back, and so does an error, which is logged. Events keep their order while it waits.
   */
  filter?: (received: Event & { id: string }) => boolean | Promise<boolean>;
  /**
   * Sends the present state where the stream can't go on from a position: with `undefined` on a first
   * connection, and with the gap, in place of the event `gap`, where history no longer reaches back. The topics
   * are listened to already, so that what is published meanwhile comes after it.
   */
  snapshot?: (gap: PipeGap | undefined) => void | Promise<void>;
}

/** What a sink is fed from. */
export interface SinkSource {
  /** The id that the client has now. */
  currentId(): string;
  /** The stream is over. */
  onClose(): void;
}

/** Where a sink writes what nobody is there to catch. */
export interface SinkLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The connection, as those that feed it see it. */
export interface PipeSink {
  /** `ClassName.methodName`. */
  readonly endpoint: string;
  /** Names of the events that the endpoint declares. */
  readonly eventNames: readonly string[];
  /** The id of the last event that the client has seen. */
  readonly lastEventId: string | undefined;
  /** Most bytes that may wait for the client. */
  readonly maxBufferedBytes: number;
  readonly closed: boolean;
  /** `true` while a producer that can wait should. */
  readonly isFull: boolean;
  readonly log: SinkLog;
  /** Sends events that many connections get alike; gives `false` when the stream is closed, also by this. */
  pushBatch(batch: FrameBatch): boolean;
  /** Sends a frame made for this client alone, like `pushBatch`; `events` is how many events it holds. */
  pushFrame(frame: string, events: number): boolean;
  /** Bytes that wait for the client. */
  readonly bufferedBytes: number;
  /** Resolves when a producer that can wait may go on: in a later turn, or at the close. */
  whenWritable(): Promise<void>;
  /** Resolves when nothing waits for the client: in a later turn, or at the close. */
  whenEmpty(): Promise<void>;
  /** Calls a listener at the close, at once when that has been; gives what removes it. */
  onClose(listener: () => void): () => void;
  /** Closes the stream of a client that is slower than what it is sent. */
  overflow(): void;
  /**
   * Keeps the head back until the function that it gives is called, but a second at most, and not when there is
   * something to send: who has the head may rely on what it stands for. That function may be called repeatedly.
   */
  holdHead(): () => void;
  /** Set by what feeds the stream, which is asked for the id that the client has, and told of the close. */
  source: SinkSource | undefined;
}

/** Feeds a sink from sources until it closes. */
export type Pipe = (sink: PipeSink, sources: readonly PipeSource[], options: PipeOptions) => Promise<void>;
