// What components write and see. Nothing here exists at run time.

import type { EventData, EventName, HeaderSource, ReceivedEvent, StreamStatus } from "../client/types.ts";

/**
 * Functions by event name, each called with every event of that name from the component's mount on. They may be
 * other ones at every render, without a new connection; those of the last committed render are called. What one
 * throws is reported as an uncaught error, and stops nobody else.
 */
export type StreamHandlers<Events extends object> = {
  [Name in EventName<Events>]?: (
    data: EventData<Events, Name>,
    received: ReceivedEvent<Events, Name>,
  ) => void;
};

/** Options of the hooks, for a stream with events of these names. */
export interface StreamOptions<Name extends string = string> {
  /** `false` opens nothing, and closes what is open; `true` by default. */
  enabled?: boolean;
  /**
   * Attempts to reconnect in a row before the stream fails: a number, `false` for none, `true` for any number.
   * The client's own `retry` by default.
   */
  retry?: boolean | number;
  /** Milliseconds that back-off starts from; the client's by default. */
  retryInterval?: number;
  /**
   * Further headers, which win over the client's. A function is called at every attempt, and gives the component
   * a connection of its own.
   */
  headers?: HeaderSource;
  /**
   * Id of the last event that is known already, such as from data that the page came with. Read when the stream is
   * opened first; the component has a connection of its own.
   */
  lastEventId?: string;
  /**
   * Looks at the data of every event but `gap` and returns what to hand on; what it throws fails the stream. The
   * component has a connection of its own.
   */
  validate?: (event: Name, data: unknown) => unknown;
  /** `true` for a connection that is shared with no other component, so that none of its events came before. */
  ownConnection?: boolean;
}

/** The client's states, and `idle` for a stream that is not `enabled`. */
export type StreamHookStatus = StreamStatus | "idle";

/** What a component sees of its stream. The same object as long as nothing has changed that it reads. */
export interface StreamResult<Events extends object> {
  /** See `StreamHookStatus`; `connecting` on a server, too. */
  readonly status: StreamHookStatus;
  /** Whether `status` is `open`. */
  readonly isConnected: boolean;
  /** Whether the server has ended the stream, on purpose. */
  readonly isEnded: boolean;
  /** What made the stream fail, or, while it reconnects, what broke it last; else `undefined`. */
  readonly error: unknown;
  /** Attempts to reconnect since the stream was open; 0 while it is. */
  readonly retryCount: number;
  /**
   * Data of the latest event of each name, as far as one came, until the parameters change. A component that reads
   * this is rendered for new events, all those of about 16 ms at once; others aren't.
   */
  readonly latest: { readonly [Name in EventName<Events>]?: EventData<Events, Name> };
}

/** What a component sees of a stream that is gathered into a state. */
export interface StreamReducerResult<Events extends object, State> extends StreamResult<Events> {
  readonly state: State;
}
