// A component's part in a connection: what it has got so far, and the object that it is shown. Outlives connections,
// and starts anew only with other parameters or, when it is enabled again, after the end.

import type { StreamMethod, SubscribeOptions } from "../client/types.ts";
import {
  CONNECTING,
  findConnection,
  followConnection,
  IDLE,
  NO_DATA,
  type AnyEvent,
  type AnyEvents,
  type Connection,
  type LatestData,
  type StreamView,
} from "./connection.ts";
import type { StreamOptions, StreamReducerResult } from "./types.ts";

/** A stream method whose types are no matter. */
export type AnyMethod = StreamMethod<object, AnyEvents>;

/** What the last committed render has asked for. */
export interface ObserverInputs<State> {
  params: object | undefined;
  options: StreamOptions;
  /** Called once for every event. */
  reduce: (state: State, received: AnyEvent) => State;
}

/** The three functions of React's `useSyncExternalStore`. */
export interface ObserverSource<State> {
  subscribe(onChange: () => void): () => void;
  getSnapshot(): StreamReducerResult<AnyEvents, State>;
  getServerSnapshot(): StreamReducerResult<AnyEvents, State>;
}

interface Shown<State> {
  view: StreamView;
  state: State;
  latest: LatestData;
  result: StreamReducerResult<AnyEvents, State>;
}

let count = 0;

/** Follows the streams of one method with equal parameters for one component. */
export class Observer<State> {
  readonly method: AnyMethod;
  /** The method's `key` of the parameters. */
  readonly identity: string;
  /** Tells it from all others, also those of other roots. */
  readonly id = `own ${++count}`;
  inputs: ObserverInputs<State> | undefined;
  readonly #initialState: State;
  #state: State;
  /** The state as of the last event, which is shown from the next refresh on. */
  #nextState: State;
  #latest = NO_DATA;
  /** What `#latest` has in it already. */
  #merged = NO_DATA;
  #isLatestRead = false;
  #connection: Connection | undefined;
  #hasEnded = false;
  /** Id of the last event taken, which the next connection goes on from. */
  #position: string | undefined;
  #shown: Shown<State> | undefined;

  constructor(method: AnyMethod, identity: string, initialState: State) {
    this.method = method;
    this.identity = identity;
    this.#initialState = this.#state = this.#nextState = initialState;
  }

  /** Gives what React needs to follow the connection of that key; without one nothing is opened. */
  source(key: string | undefined): ObserverSource<State> {
    if (key === undefined) {
      const getSnapshot = () => this.#show(IDLE);
      return { subscribe: () => () => {}, getSnapshot, getServerSnapshot: getSnapshot };
    }
    let ended: Connection | undefined;
    return {
      subscribe: (onChange) => {
        // Hidden and shown again by React: what has ended stays so.
        if (ended) return () => {};
        const leave = this.#follow(key, onChange);
        return () => (ended = leave());
      },
      getSnapshot: () => {
        const connection = ended ?? this.#connection ?? findConnection(this.method, key);
        return this.#show(connection?.view ?? CONNECTING, connection?.latest);
      },
      getServerSnapshot: () => this.#show(CONNECTING),
    };
  }

  /** Joins a connection; what is returned leaves it, and returns it if it has ended. */
  #follow(key: string, onChange: () => void): () => Connection | undefined {
    if (this.#hasEnded) this.#startOver();
    const follower = {
      take: (received: AnyEvent) => {
        this.#position = received.id ?? this.#position;
        if (this.inputs) this.#nextState = this.inputs.reduce(this.#nextState, received);
      },
      refresh: () => {
        this.#state = this.#nextState;
        onChange();
      },
    };
    // Where one that others have kept has gone on meanwhile, what was missed has to be asked for.
    // One of its own, too, which it has left in this turn, may have.
    let joined = key;
    for (let found = findConnection(this.method, key); found; found = findConnection(this.method, joined)) {
      if (this.#position === undefined || found.position === this.#position) break;
      joined = `${this.id} ${joined}`;
    }
    const connection = followConnection(this.method, joined, follower, () =>
      this.method(this.inputs?.params ?? {}, this.#subscribeOptions()),
    );
    this.#connection = connection;
    return () => {
      connection.leave(follower);
      this.#connection = undefined;
      this.#state = this.#nextState;
      this.#hasEnded = connection.view.status === "ended";
      return this.#hasEnded ? connection : undefined;
    };
  }

  #startOver(): void {
    this.#hasEnded = false;
    this.#state = this.#nextState = this.#initialState;
    this.#latest = this.#merged = NO_DATA;
    this.#position = undefined;
  }

  #subscribeOptions(): SubscribeOptions<AnyEvents> {
    const current = (): StreamOptions => this.inputs?.options ?? {};
    const { retry, retryInterval, headers, lastEventId, validate } = current();
    return {
      lastEventId: this.#position ?? lastEventId,
      retry: {
        ...(retry !== undefined && { retries: retry === true ? Infinity : Number(retry) }),
        ...(retryInterval !== undefined && { interval: retryInterval }),
      },
      headers:
        typeof headers === "function"
          ? () => {
              const latest = current().headers;
              return (typeof latest === "function" ? latest : headers)();
            }
          : headers,
      validate: validate && ((event, data) => (current().validate ?? validate)(event, data)),
    };
  }

  /** Gives the same object as before unless something has changed that the component reads. */
  #show(view: StreamView, latest = this.#merged): StreamReducerResult<AnyEvents, State> {
    if (latest !== this.#merged) {
      this.#merged = latest;
      this.#latest = { ...this.#latest, ...latest };
    }
    const last = this.#shown;
    const isSame =
      last?.view === view &&
      last.state === this.#state &&
      (!this.#isLatestRead || last.latest === this.#latest);
    this.#shown = isSame ? last : this.#createShown(view);
    return this.#shown.result;
  }

  #createShown(view: StreamView): Shown<State> {
    const { status } = view;
    const state = this.#state;
    const readLatest = (): LatestData => {
      // What was not read was not kept up to date either.
      if (!this.#isLatestRead) shown.latest = this.#latest;
      this.#isLatestRead = true;
      return shown.latest;
    };
    const shown: Shown<State> = {
      view,
      state,
      latest: this.#latest,
      result: {
        ...view,
        isConnected: status === "open",
        isEnded: status === "ended",
        state,
        get latest() {
          return readLatest() as StreamReducerResult<AnyEvents, State>["latest"];
        },
      },
    };
    return shown;
  }
}
