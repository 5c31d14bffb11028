import type { z } from "zod";

import type { EventName } from "../schema/events.ts";
import type { CloseReason } from "../errors/stream-errors.ts";
import type { Context } from "../runtime/context.ts";
import type { RegisteredUser } from "../endpoint/register.ts";

/** Names of a model's methods that are streams. */
export type StreamMethodName<M> = {
  [K in keyof M]: M[K] extends (...args: never[]) => AsyncGenerator<unknown, unknown, never> ? K : never;
}[keyof M] &
  string;

/** A method's arguments, without the context. */
export type ArgumentsOf<F> = F extends (...args: infer A) => unknown ? WithoutContext<A> : never;

type WithoutContext<A extends readonly unknown[]> = number extends A["length"]
  ? A
  : A extends readonly []
    ? []
    : A extends readonly [infer First, ...infer Rest]
      ? IsContext<First> extends true
        ? WithoutContext<Rest>
        : undefined extends First
          ? [First?, ...WithoutContext<Rest>]
          : [First, ...WithoutContext<Rest>]
      : A extends readonly [(infer First)?, ...infer Rest]
        ? IsContext<First> extends true
          ? WithoutContext<Rest>
          : [First?, ...WithoutContext<Rest>]
        : [];

type IsContext<T> = 0 extends 1 & T ? false : [T] extends [Context] ? true : false;

/** An event as a client would have received it, with its data as its schema parsed it. */
export type PublishedEvent<E extends z.ZodObject> = {
  [K in EventName<E>]: { event: K; data: z.output<E["shape"][K]>; id?: string };
}[EventName<E>];

/** Options of `runStream`. */
export interface RunStreamOptions<E extends z.ZodObject, A extends readonly unknown[]> {
  /** The endpoint's events; gives the types of what is read. */
  events?: E;
  /** The method's arguments in its own order, without the context. */
  args?: A;
  /** Who is signed in; nobody by default. */
  user?: RegisteredUser | null;
  /** The id of the last event the client has seen. */
  lastEventId?: string;
  /** Request headers. */
  headers?: Record<string, string>;
  /** What the application's `context` option would add. */
  context?: object;
}

/** A stream method that runs without a network. Iterating gives its events as they come. */
export interface StreamRun<E extends z.ZodObject> extends AsyncIterable<PublishedEvent<E>>, AsyncDisposable {
  /** All events so far, also those that were read already. */
  readonly events: readonly PublishedEvent<E>[];
  /** `true` once the stream was finished on purpose. */
  readonly ended: boolean;
  /** Why the stream is over; `undefined` while it is not. */
  readonly reason: CloseReason | undefined;
  /**
   * Resolves when the handler has ended, `finally` blocks included.
   * Rejects with what the handler has thrown.
   */
  readonly done: Promise<void>;
  /** Gives the next event that was not read yet, or `undefined` when the stream is over. Rejects like `done`. */
  next(): Promise<PublishedEvent<E> | undefined>;
  /** Gives the next `count` events, fewer if the stream is over before. Rejects like `done`. */
  take(count: number): Promise<PublishedEvent<E>[]>;
  /** Leaves, as a client does. Resolves when the handler has ended. May be called repeatedly. */
  close(): Promise<void>;
}
