// What the tabs say to each other about one stream. All of it is broadcast.

import type { Item } from "./recent.ts";

/** A response without its body: status, its text, headers. */
export type Head = [status: number, statusText: string, headers: [string, string][]];

/** A response that is no stream. */
export interface Answer {
  head: Head;
  body: string;
}

/** Where the leader stands. */
export interface LeaderState {
  head: Head;
  /** What every reader has to be told first. */
  preamble: string;
  /** Position of its last event. */
  position: string;
  /** The last event ID there. */
  lastEventId: string;
}

/** One message. `term` tells one leader's reign from every other. */
export type Message =
  /** A follower asks for what came after its position or, where it has none, after an id. */
  | { kind: "hello"; from: string; position: string | undefined; id: string }
  /**
   * The answer to that; without a state the leader waits for the server itself. `items` is absent where it can't
   * tell.
   */
  | {
      kind: "welcome";
      to: string;
      position: string | undefined;
      id: string;
      term: string;
      state?: LeaderState;
      items?: Item[];
    }
  /** A tab has become the leader. */
  | { kind: "lead"; term: string }
  /** The server has answered the leader with a stream, for the first time. */
  | { kind: "open"; term: string; state: LeaderState }
  /** Something came, after that position. */
  | { kind: "piece"; term: string; after: string; items: Item[]; comments: string; preamble: string }
  /** The server has answered with something else, or with nothing, and whoever waits gets the same. */
  | { kind: "answer"; term: string; answer?: Answer }
  /** The connection is over; with a problem another one makes no sense. */
  | { kind: "over"; term: string; problem: string | undefined }
  /** A follower is gone. */
  | { kind: "leave"; from: string };
