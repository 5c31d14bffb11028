// One open stream for all components that ask for the same. Events reach each of them at once; what they render is
// told for all events of a short time together, so that a fast stream costs one render and not thousands.

import { reportUncaught } from "../client/globals.ts";
import type { ReceivedEvent, StreamSubscription } from "../client/types.ts";
import type { StreamHookStatus } from "./types.ts";

/** Data by event name, whatever the stream. */
export type AnyEvents = Record<string, unknown>;

/** An event, whatever the stream. */
export type AnyEvent = ReceivedEvent<AnyEvents>;

/** Data of the latest event by its name. */
export type LatestData = Readonly<AnyEvents>;

type AnySubscription = StreamSubscription<AnyEvents>;

/** State of a stream at one time. */
export interface StreamView {
  readonly status: StreamHookStatus;
  readonly error: unknown;
  readonly retryCount: number;
}

/** How a stream is shown that nobody has asked for. */
export const IDLE: StreamView = { status: "idle", error: undefined, retryCount: 0 };

/** How a stream is shown before anything is known of it. */
export const CONNECTING: StreamView = { ...IDLE, status: "connecting" };

/** What there is before the first event. One object, so that it counts as no change. */
export const NO_DATA: LatestData = {};

/** Somebody who has the events of a connection. */
export interface Follower {
  /** Takes an event. */
  take(received: AnyEvent): void;
  /** Takes notice that `view` or `latest` is another one. */
  refresh(): void;
}

/** Milliseconds for which what is to be rendered is gathered: a frame of most screens. */
const FRAME_MS = 16;

/** Live connections by method and by what else has to be equal. One that is over is not found any more. */
const connections = new WeakMap<object, Map<string, Connection>>();

/** Finds the connection that `followConnection` would join. */
export function findConnection(method: object, key: string): Connection | undefined {
  return connections.get(method)?.get(key);
}

/** Joins the connection of that method and key, or opens one. */
export function followConnection(
  method: object,
  key: string,
  follower: Follower,
  open: () => AnySubscription,
): Connection {
  const siblings = connections.get(method) ?? new Map<string, Connection>();
  connections.set(method, siblings);
  const found = siblings.get(key);
  if (found) {
    found.join(follower);
    return found;
  }
  const connection = new Connection(() => {
    if (siblings.get(key) === connection) siblings.delete(key);
  });
  siblings.set(key, connection);
  connection.join(follower);
  connection.open(open);
  return connection;
}

/** A stream, and who follows it. */
export class Connection {
  view = CONNECTING;
  /** As of the last refresh. */
  latest = NO_DATA;
  /** Id of the last event taken, or of that which the stream goes on after. */
  position: string | undefined;
  #nextLatest = NO_DATA;
  readonly #followers = new Set<Follower>();
  readonly #onOver: () => void;
  #stream: AnySubscription | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `onOver` is called when nobody may join any more. */
  constructor(onOver: () => void) {
    this.#onOver = onOver;
  }

  join(follower: Follower): void {
    this.#followers.add(follower);
  }

  /**
   * Ends what `join` began. Without any follower the stream is closed, in a later turn: StrictMode, and a component
   * that moves, leave and come back at once.
   */
  leave(follower: Follower): void {
    this.#followers.delete(follower);
    setTimeout(() => {
      if (this.#followers.size > 0) return;
      this.#onOver();
      this.#stream?.close();
    });
  }

  /** Opens the stream. To be called once. */
  open(open: () => AnySubscription): void {
    try {
      this.#stream = open();
      this.position = this.#stream.lastEventId || undefined;
      void this.#run(this.#stream);
    } catch (error) {
      this.#show({ ...CONNECTING, status: "failed", error });
    }
  }

  async #run(stream: AnySubscription): Promise<void> {
    // Of the end the loop is told after all events before it.
    stream.onStatus((status) => {
      if (status === "open" || status === "reconnecting") this.#show(stream);
    });
    try {
      for await (const received of stream) this.#take(received);
    } catch {
      // It is the stream's `error`.
    }
    this.#onOver();
    this.#show(stream);
  }

  #take(received: AnyEvent): void {
    this.position = received.id ?? this.position;
    this.#nextLatest = { ...this.#nextLatest, [received.event]: received.data };
    for (const follower of Array.from(this.#followers)) {
      try {
        if (this.#followers.has(follower)) follower.take(received);
      } catch (error) {
        reportUncaught(error);
      }
    }
    this.#timer ??= setTimeout(() => this.#refresh(), FRAME_MS);
  }

  #show({ status, error, retryCount }: StreamView): void {
    this.view = { status, error, retryCount };
    this.#refresh();
  }

  #refresh(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.latest = this.#nextLatest;
    for (const follower of this.#followers) follower.refresh();
  }
}
