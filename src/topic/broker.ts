// What a broker is to topics. It keeps a log for each topic and key, and tells processes of what comes. All else,
// cursors, frames, replay and fan-out, is the same for every broker and stands in this room.

/** One log: a topic, or one key of it. */
export interface LogAddress {
  readonly topic: string;
  /** `undefined` for the topic itself. */
  readonly key: string | undefined;
  /** Most events that are kept; 0 for none. */
  readonly history: number;
  /** How long an event is kept, in ms. */
  readonly ttlMs: number;
  /** Stands before every id of this log; the broker takes no notice of it. */
  readonly idPrefix?: string;
}

/** One event in a log. */
export interface LogEntry {
  /** Grows along the log; never used twice in an epoch. */
  readonly position: number;
  /** Position of the entry before it, where the broker knows, so that a hole is noticed. */
  readonly previous?: number | undefined;
  readonly event: string;
  /** The data as JSON on one line. */
  readonly data: string;
}

/** Where a log stands. */
export interface LogHead {
  /**
   * Changes when the log was lost, so that positions from before mean nothing. It is a secret of the broker's and
   * hard to guess, since it is what cursors are signed with.
   */
  readonly epoch: string;
  /** Position of the latest entry, or the one before the first. */
  readonly position: number;
}

/** A part of a log. */
export interface LogPage extends LogHead {
  /** Entries after the position asked for, oldest first. */
  readonly entries: readonly LogEntry[];
  /** Whether none is missing between the position asked for and the first entry. */
  readonly reachesBack: boolean;
}

/** What is told of a log that is listened to. */
export interface LogListener {
  /**
   * An entry was added; called in the log's order. A broker that can't keep that among several publishers gives each
   * entry its `previous`, by which a listener knows to read what has not come yet.
   */
  onEntry(entry: LogEntry): void;
  /** Entries may have been missed, because the broker was away. */
  onInterruption(): void;
}

/** One use of a log. */
export interface LogSubscription {
  /** Where the log stood when listening began: every later entry is told of. */
  readonly head: LogHead;
  /** Stops listening. May be called repeatedly. */
  close(): void;
}

/** Options of one publish. */
export interface BrokerPublishOptions {
  /** Most time in ms to wait for a broker that is away; the broker's own by default, 0 for not at all. */
  timeoutMs?: number | undefined;
}

/**
 * Keeps the logs of topics and tells processes of what comes. The memory broker does so within a process; others
 * connect many.
 */
export interface Broker {
  /** What it is, in a word, for messages. */
  readonly kind: string;
  /**
   * Adds an entry and gives its position and epoch.
   *
   * @throws BrokerError when the broker is away for longer than the time allowed.
   */
  publish(
    log: LogAddress,
    entry: { event: string; data: string },
    options?: BrokerPublishOptions,
  ): Promise<LogHead>;
  /** Begins to listen. @throws BrokerError */
  subscribe(log: LogAddress, listener: LogListener): Promise<LogSubscription>;
  /** Reads up to `limit` entries after a position. @throws BrokerError */
  read(log: LogAddress, after: number, limit: number): Promise<LogPage>;
  /** Lets go of connections and timers. What is published afterwards fails. May be called repeatedly. */
  close(): Promise<void>;
}

/** A text that is the same for two addresses of one log. */
export function formatAddress({ topic, key }: LogAddress): string {
  return key === undefined ? topic : `${topic}\n${key}`;
}

/** A topic with its key, as messages name it. */
export function describeAddress({ topic, key }: LogAddress): string {
  return key === undefined ? JSON.stringify(topic) : `${JSON.stringify(topic)} key ${JSON.stringify(key)}`;
}
