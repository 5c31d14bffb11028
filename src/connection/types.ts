import type { z } from "zod";

import type { EventsOf, PipeOptions, PipeSource } from "../delivery/pipe.ts";
import type {
  AnyEvents,
  EventData,
  EventName,
  EventObject,
  ParsedEvent,
  PublishOptions,
} from "../schema/events.ts";

/**
 * One open stream to one client, from `ctx.createSSE()`.
 *
 * @see HTML Living Standard 9.2
 */
export interface SSEConnection<E extends z.ZodObject = AnyEvents> {
  /** `true` once nothing more can be published: the client left, `end` was called, or the server closed it. */
  readonly closed: boolean;
  /** Aborts when the stream is over; its `reason` is a `CloseReason`. The same as `ctx.signal`. */
  readonly signal: AbortSignal;
  /** The id of the last event that the client has seen; `undefined` on a first connection. */
  readonly lastEventId: string | undefined;
  /** Bytes that wait for the client here, without those in the kernel's buffers. */
  readonly bufferedBytes: number;

  /**
   * Sends one event. What goes out is the data as its schema parsed it. Events of one turn of the event loop
   * leave in one write.
   *
   * Returns `true` if the event was taken, `false` once the stream is closed.
   *
   * @throws EventValidationError if the event does not fit `events`; nothing is sent. Outside of the handler's
   * own await chain (in a timer, say) it is logged instead and `false` is returned.
   * @throws StreamClosedError after the close, when the handler's loop has come round to this call.
   * @see HTML Living Standard 9.2.6
   */
  publish<K extends EventName<E>>(event: K, data: EventData<E, K>, options?: PublishOptions): boolean;

  /** Makes an event to `yield`; typed by its name. Sends nothing by itself. */
  event<K extends EventName<E>>(
    event: K,
    data: EventData<E, K>,
    options?: PublishOptions,
  ): EventObject<K, EventData<E, K>>;

  /**
   * Finishes the stream: sends `event: end`, waits until all is on its way to the client, closes. May be
   * called any number of times; resolves at once when the stream is already over.
   */
  end(): Promise<void>;

  /**
   * Resolves when no more than 16 KiB wait for the client, or at the close.
   *
   * @throws StreamClosedError like `publish`.
   */
  flush(): Promise<void>;

  /**
   * Resolves after `ms` milliseconds, or at the close.
   *
   * @throws StreamClosedError like `publish`.
   */
  sleep(ms: number): Promise<void>;

  /**
   * Sends a comment, which clients ignore. Returns like `publish`.
   *
   * @throws StreamClosedError like `publish`.
   */
  comment(text: string): boolean;

  /**
   * Sends what topics publish: after `lastEventId` where the client has one, else from now on. Resolves at the
   * close. Each event comes once and in its topic's order, with an id that stands for the positions in all
   * topics of this stream; pipe them in one call, or in one turn. Where history no longer reaches back, an
   * event `gap` comes first.
   *
   * @throws TopicError if a topic has an event that the endpoint does not declare.
   * @throws StreamClosedError like `publish`.
   */
  pipe<S extends readonly PipeSource<ParsedEvent<E>>[]>(...sources: S): Promise<void>;
  pipe<S extends readonly PipeSource<ParsedEvent<E>>[]>(
    ...args: [...sources: S, options: PipeOptions<EventsOf<S[number]>>]
  ): Promise<void>;
}
