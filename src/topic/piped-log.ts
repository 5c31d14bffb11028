import type { PipeOptions, PipeSink } from "../delivery/pipe.ts";
import type { LogAddress } from "./broker.ts";
import type { FramedEntry } from "./entry.ts";
import type { FeedLease } from "./feed.ts";
import { PipeSubscriber, type PipeTarget } from "./pipe-subscriber.ts";
import type { PipedPosition, StreamPipes } from "./stream-pipes.ts";
import type { TopicLog } from "./topic-log.ts";

/** The pipe that a log belongs to. */
export interface PipeOwner {
  readonly sink: PipeSink;
  readonly options: PipeOptions;
  readonly pipes: StreamPipes;
  fail(error: unknown): void;
}

/** One log of a pipe. */
export class PipedLog implements PipedPosition, PipeTarget {
  readonly #owner: PipeOwner;
  readonly #log: TopicLog;
  cursor: string | undefined;
  isKnown = false;
  #lease: FeedLease | undefined;
  #subscriber: PipeSubscriber | undefined;

  constructor(owner: PipeOwner, log: TopicLog) {
    this.#owner = owner;
    this.#log = log;
  }

  get address(): LogAddress {
    return this.#log.address;
  }

  get sink(): PipeSink {
    return this.#owner.sink;
  }

  get options(): PipeOptions {
    return this.#owner.options;
  }

  get pipes(): StreamPipes {
    return this.#owner.pipes;
  }

  /** Finds where the stream goes on: after the position that the client has, else with what comes next. */
  locate(lease: FeedLease): void {
    const { feed } = lease;
    const { lastEventId } = this.sink;
    const known = lastEventId === undefined ? undefined : feed.find(lastEventId);
    this.isKnown = known !== undefined;
    this.#lease = lease;
    this.#subscriber = new PipeSubscriber(feed, this, known ?? feed.position);
  }

  /** Begins. `after` is the client's id, where it is not known how to go on from that. */
  start(after: string | undefined): void {
    this.#subscriber?.start(after);
  }

  stop(): void {
    this.#subscriber?.stop();
    this.#lease?.release();
  }

  decode(entry: FramedEntry): unknown {
    return this.#log.decode(entry);
  }

  fail(error: unknown): void {
    this.#owner.fail(error);
  }
}
