// What generated code is written against, and what an application sees of it. Nothing here exists at run time.

import type { RevivePlan, ReviveRefs } from "../wire/revive.ts";

export type { RevivePlan, ReviveRefs };

/** HTTP methods that an endpoint may answer to. */
export type HTTPMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** What the runtime has to know about a stream endpoint. */
export interface StreamEndpoint {
  readonly kind: "stream";
  readonly method: HTTPMethod;
  /** Path below the prefix, with its leading slash. */
  readonly path: string;
  /** Plans by event name, for the events that need one. */
  readonly revive?: { readonly [event: string]: RevivePlan };
  readonly refs?: ReviveRefs;
}

/** What the runtime has to know about a JSON endpoint. */
export interface CallEndpoint {
  readonly kind: "call";
  readonly method: HTTPMethod;
  /** Path below the prefix, with its leading slash. */
  readonly path: string;
  /** Plan for the result, where it needs one. */
  readonly revive?: RevivePlan;
  readonly refs?: ReviveRefs;
}

/** An entry for every method of an `Api`, by model and method. */
export type EndpointTable<Api> = {
  readonly [Model in keyof Api]: {
    readonly [Method in keyof Api[Model]]: StreamEndpoint | CallEndpoint;
  };
};

/** Request headers; those that are `undefined` are not sent. */
export interface HeaderValues {
  readonly [name: string]: string | undefined;
}

/** Headers, or a function that gives them and is called for every request and every attempt to reconnect. */
export type HeaderSource = HeaderValues | (() => HeaderValues | Promise<HeaderValues>);

/** When and how often a stream that broke is opened again. */
export interface RetryOptions {
  /** Attempts to reconnect in a row before the stream fails; `Infinity` by default, 0 for none at all. */
  retries?: number;
  /**
   * Milliseconds that back-off starts from: 1000 by default. The wait before the nth attempt in a row is
   * random below `interval * 2 ** (n - 1)`. Where the server has sent `retry`, that takes its place and is
   * waited for besides; and so is a `Retry-After`.
   */
  interval?: number;
  /** Upper bound in ms for the random part of a wait; 30,000 by default. */
  maxInterval?: number;
  /** Source of chance between 0 and 1; `Math.random` by default. */
  random?: () => number;
}

/** Options of `createApi` and `createClient`. */
export interface ClientOptions {
  /** What comes before the prefix, such as `https://api.example.com`; the page's own origin by default. */
  baseUrl?: string;
  /** Path that all endpoints are below; `/api` by default, as the server's. */
  prefix?: string;
  headers?: HeaderSource;
  /** Used in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** Whether cookies go along: as for `fetch`, `same-origin` by default. */
  credentials?: "omit" | "same-origin" | "include";
  retry?: RetryOptions;
  /**
   * How much is kept of an event that is not complete, in UTF-16 code units; 16 Mi by default. More than that
   * fails the stream.
   */
  maxEventLength?: number;
}

/** Options of a single call. */
export interface CallOptions {
  /** Ends the request; the call rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Further headers, for this call alone; they win over the client's. */
  headers?: HeaderSource;
}

/** Options of a single stream. */
export interface SubscribeOptions<Events extends object = Record<string, unknown>> extends CallOptions {
  /** Closes the stream. */
  signal?: AbortSignal;
  /** Id of the last event that is known already, to go on after it. */
  lastEventId?: string;
  /** Takes the place of the client's, property by property. */
  retry?: RetryOptions;
  /**
   * Looks at the data of every event but `gap`, with dates and bigints revived, before anybody gets it, and
   * returns what to hand on. What it throws fails the stream.
   */
  validate?: (event: keyof Events & string, data: unknown) => unknown;
}

/** Data of a `gap` event: history no longer reached back to `after`, so events are missing before this one. */
export interface Gap {
  topic: string;
  key?: string;
  /** The position that the stream was to go on from. */
  after: string;
}

/** Names of a stream's events; `gap` is on every stream. */
export type EventName<Events extends object> = (keyof Events & string) | "gap";

/** Data of the event of that name. */
export type EventData<Events extends object, Name> = Name extends keyof Events ? Events[Name] : Gap;

/** An event as iteration gives it: `event` tells the type of `data`. */
export type ReceivedEvent<
  Events extends object,
  Name extends EventName<Events> = EventName<Events>,
> = Name extends unknown
  ? {
      event: Name;
      data: EventData<Events, Name>;
      /** The last event ID as of this event; absent where the stream has no ids. */
      id?: string;
    }
  : never;

/**
 * State of a stream. `connecting` until it is open for the first time, then `open`, and `reconnecting` whenever
 * that broke. The others are final: `ended` by the server, on purpose; `closed` by this side; `failed`, with
 * `error` saying why.
 */
export type StreamStatus = "connecting" | "open" | "reconnecting" | "ended" | "closed" | "failed";

/** The states that a stream stays in. */
export type FinalStatus = "ended" | "closed" | "failed";

/**
 * One stream of an endpoint, kept open across interruptions. Nothing is requested before somebody wants its
 * events, with `on`, `once` or iteration. What arrives for which there is no handler at that time is dropped.
 */
export interface StreamSubscription<Events extends object> extends Disposable, AsyncDisposable {
  /** See `StreamStatus`. */
  readonly status: StreamStatus;
  /** What made the stream fail, or, while it reconnects, what broke it last. */
  readonly error: unknown;
  /** Attempts to reconnect since the stream was open; 0 while it is. */
  readonly retryCount: number;
  /** Id of the last event received, which the next request goes on from; "" where there is none. */
  readonly lastEventId: string;
  /** Resolves, once the stream is over, to how; never rejects. */
  readonly closed: Promise<FinalStatus>;
  /**
   * Calls `handler` with the data of every event of that name, in order, and returns what removes it. An error
   * that it throws is reported as an uncaught one, and stops nobody else.
   */
  on<Name extends EventName<Events>>(
    event: Name,
    handler: (data: EventData<Events, Name>, received: ReceivedEvent<Events, Name>) => void,
  ): () => void;
  /**
   * Resolves to the data of the next event of that name. Rejects when the stream is over before: with `error`
   * where it failed, else with a `SubscriptionClosedError`. The stream stays open.
   */
  once<Name extends EventName<Events>>(event: Name): Promise<EventData<Events, Name>>;
  /** Calls `handler` at every change of `status` and of `retryCount`, and returns what removes it. */
  onStatus(handler: (status: StreamStatus) => void): () => void;
  /** Closes the stream. May be called repeatedly. */
  close(): void;
  /**
   * Gives every event from now on, in order. The loop ends with the stream, and throws `error` where that
   * failed; leaving the loop closes the stream unless another loop or handler is still there. A loop that is
   * slower than the stream holds it up: after 100 waiting events no more is read from the network until it
   * has caught up. Nothing is dropped on this side.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ReceivedEvent<Events>>;
}

/** Parameters of a method that takes none. */
export type NoParams = { [name: string]: never };

/** Arguments of a method: the parameters may be left out where none of them is required. */
// oxlint-disable-next-line typescript/no-empty-object-type -- the question is whether an empty object fits
export type MethodArguments<Params extends object, Options> = {} extends Params
  ? [params?: Params, options?: Options]
  : [params: Params, options?: Options];

/** A stream endpoint as a function. */
export interface StreamMethod<Params extends object, Events extends object> {
  (...args: MethodArguments<Params, SubscribeOptions<Events>>): StreamSubscription<Events>;
  /** Gives a text that is the same for parameters that ask for the same stream. */
  key(params?: Params): string;
}

/**
 * A JSON endpoint as a function. Rejects with a `ResponseError` for an answer other than 2xx, a `ConnectionError`
 * where there was none, and the signal's reason where that was aborted.
 */
export interface CallMethod<Params extends object, Result> {
  (...args: MethodArguments<Params, CallOptions>): Promise<Result>;
  /** Gives a text that is the same for parameters that ask for the same. */
  key(params?: Params): string;
}
