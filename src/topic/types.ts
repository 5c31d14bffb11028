import type { z } from "zod";

import type { PipeSource } from "../delivery/pipe.ts";
import type { EventData, EventName, ParsedEvent } from "../schema/events.ts";

/** Options of `topic`. */
export interface TopicOptions {
  /** Most events that are kept for clients that reconnect, for each key; 1,000 by default, 0 for none. */
  history?: number;
  /**
   * How long an event is kept, in ms; an hour by default. After that much silence a topic or key is forgotten
   * altogether, and a client with an id from before is told of a gap.
   */
  ttl?: number;
}

/** Options of `publish` on a topic. */
export interface TopicPublishOptions {
  /**
   * Most time in ms to wait for a broker that is away; 0 to fail at once. The broker's `publishTimeout` by
   * default.
   */
  timeout?: number;
}

/** Options of `subscribe`. */
export interface TopicSubscribeOptions {
  /** Ends the subscription. In a handler it ends with the stream by itself. */
  signal?: AbortSignal;
  /** An id of this topic, or of a stream that it was piped into, to go on after; else with what comes next. */
  after?: string;
}

/** An event as `subscribe` gives it. */
export type TopicEvent<E extends z.ZodObject> =
  ParsedEvent<E> extends infer Each
    ? Each extends { event: string; data: unknown }
      ? { id: string; gap?: undefined } & Each
      : never
    : never;

/** Events are missing between the item before and the one after. */
export interface TopicGap {
  gap: true;
  id: string;
  topic: string;
  key?: string;
  /** The id up to which nothing was missing. */
  after: string;
}

/** What is published in a topic, or under one key of it, from the moment of iteration on. */
export interface TopicSubscription<E extends z.ZodObject> extends AsyncIterableIterator<
  TopicEvent<E> | TopicGap,
  undefined
> {
  /**
   * Resolves when nothing that is published from then on is missed; else that holds from the first `next`.
   *
   * @throws BrokerError where the broker is away.
   */
  ready(): Promise<void>;
}

/** A topic, or one key of it. */
export interface TopicChannel<E extends z.ZodObject> extends PipeSource<ParsedEvent<E>> {
  /**
   * Publishes an event to all who are subscribed, on every process that shares the broker. Resolves to its id
   * once the broker has it.
   *
   * @throws EventValidationError if the event does not fit; nothing is published.
   * @throws BrokerError if the broker is away for longer than `timeout`.
   */
  publish<K extends EventName<E>>(
    event: K,
    data: EventData<E, K>,
    options?: TopicPublishOptions,
  ): Promise<string>;
  /**
   * Gives what is published, each event once and in order. A reader that is slow is not waited for; it reads from
   * history, and finds an item `{ gap: true }` where that no longer reaches back. Ends by itself with the stream
   * of the handler that has called this.
   */
  subscribe(options?: TopicSubscribeOptions): TopicSubscription<E>;
}

/** Something that is published about, under a name that is the same in all processes. */
export interface Topic<E extends z.ZodObject> extends TopicChannel<E> {
  readonly name: string;
  readonly events: E;
  /** One key of the topic, such as a room's id, with a history of its own. Nothing is kept for it here. */
  key(key: string | number | bigint): TopicChannel<E>;
}
