import type { z } from "zod";

/** Events of a stream whose schema is not known at compile time: any name, any data. */
export type AnyEvents = z.ZodObject<Record<string, z.ZodAny>>;

/** Names of the events of a schema. */
export type EventName<E extends z.ZodObject> = keyof E["shape"] & string;

/** Data that one event takes, before its schema has parsed it. */
export type EventData<E extends z.ZodObject, K extends EventName<E>> = z.input<E["shape"][K]>;

/** Fields of an event beside its name and data. */
export interface PublishOptions {
  /** The event's id, which a client that reconnects sends back. No CR, LF, NUL or lone surrogate. */
  id?: string | number | bigint;
  /** Reconnection time in ms that the client keeps from now on. */
  retry?: number;
}

/** An event as an object, in the form that a handler may `yield`. */
export interface EventObject<K extends string, D> extends PublishOptions {
  event: K;
  data: D;
}

/**
 * What a handler may `yield`: an object with `event` and `data`, or a pair of both. Annotate the method as
 * `AsyncGenerator<StreamEvent<typeof events>>` and a wrong event is a compile error.
 */
export type StreamEvent<E extends z.ZodObject> = {
  [K in EventName<E>]: EventObject<K, EventData<E, K>> | readonly [event: K, data: EventData<E, K>];
}[EventName<E>];

/** Any event of a schema, with its data as the schema has parsed it. */
export type ParsedEvent<E extends z.ZodObject> = {
  [K in EventName<E>]: { event: K; data: z.output<E["shape"][K]> };
}[EventName<E>];
