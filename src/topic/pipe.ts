import type { Pipe, PipeOptions, PipeSink, PipeSource } from "../delivery/pipe.ts";
import { suggest } from "../errors/suggest.ts";
import { TopicError } from "../errors/topic-errors.ts";
import { formatId } from "../wire/event-stream.ts";
import type { Broker, LogAddress } from "./broker.ts";
import { acquireFeed, acquireOpenFeed } from "./feed.ts";
import { PipedLog, reportAway, type PipeOwner } from "./piped-log.ts";
import { retryWhileOpen } from "./retry-while-open.ts";
import { pipesOf, type PipedPosition, type StreamPipe, type StreamPipes } from "./stream-pipes.ts";
import { TopicLog } from "./topic-log.ts";

/** Turns through the queue of promises, all within this turn of the event loop, for other pipes to begin in. */
const PATIENCE = 4;

/** Makes what feeds the streams of a server whose topics are with a broker. */
export function createPipe(broker: () => Broker): Pipe {
  return (sink, sources, options) => new ActivePipe(sink, options).run(sources, broker);
}

/** What is held for as long as a stream is piped. */
class ActivePipe implements StreamPipe, PipeOwner {
  readonly sink: PipeSink;
  readonly options: PipeOptions;
  readonly pipes: StreamPipes;
  logs: PipedPosition[] = [];
  next: StreamPipe | undefined;
  #isOver = false;
  #settle!: (value?: Promise<never>) => void;

  constructor(sink: PipeSink, options: PipeOptions) {
    this.sink = sink;
    this.options = options;
    this.pipes = pipesOf(sink);
  }

  /** Resolves at the close. @throws TopicError, BrokerError, and what a snapshot has thrown. */
  run(sources: readonly PipeSource[], broker: () => Broker): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    const begun = this.#begin(sources, broker);
    begun.catch((error: unknown) => this.fail(error));
    // Only a snapshot has to be on the await chain of the handler; what awaits is kept as long as the stream.
    return this.options.snapshot ? awaitBoth(begun, over) : over;
  }

  onClose(): void {
    if (this.#isOver) return;
    this.#stop();
    this.#settle();
  }

  fail(reason: unknown): void {
    if (this.#isOver) return;
    this.#stop();
    this.#settle(Promise.reject(reason));
  }

  async #begin(sources: readonly PipeSource[], findBroker: () => Broker): Promise<void> {
    const { sink, pipes } = this;
    const broker = findBroker();
    const unlocated = sources.map((source) => new UnlocatedLog(toLog(sink, source)));
    this.logs = unlocated.slice();
    pipes.add(this);
    // Most often others follow the logs already, and nothing has to be waited for.
    for (const [index, { log }] of unlocated.entries()) {
      const feed = acquireOpenFeed(broker, log.address);
      if (feed) this.logs[index] = new PipedLog(this, log, feed);
    }
    pipes.noteLocated();
    // Other pipes that begin now, or a few promises on, have to be known before the first id is sent.
    for (let wait = 0; wait < PATIENCE; wait++) await undefined;
    if (this.#isOver) return;
    if (!pipes.areLocated) await this.#locate(broker);
    if (!this.#isOver) await this.#start();
  }

  /** Waits for what the stream is piped from. */
  async #locate(broker: Broker): Promise<void> {
    const { sink, pipes } = this;
    // A client that has the head may have something done, and expects here what is published then.
    const letHeadGo = sink.holdHead();
    const onAway = (error: unknown): void => {
      letHeadGo();
      reportAway(sink, error);
    };
    try {
      for (const [index, position] of this.logs.entries()) {
        if (!(position instanceof UnlocatedLog)) continue;
        const { log } = position;
        const feed = await retryWhileOpen(sink, () => acquireFeed(broker, log.address), onAway);
        if (this.#isOver) feed?.release();
        if (this.#isOver || !feed) return;
        this.logs[index] = new PipedLog(this, log, feed);
      }
      pipes.noteLocated();
      await pipes.whenLocated();
    } finally {
      letHeadGo();
    }
  }

  /** Tells the client where it stands, or what it has missed, and lets the events go. */
  async #start(): Promise<void> {
    const { sink, pipes } = this;
    const { lastEventId } = sink;
    const logs = this.logs.filter((log) => log instanceof PipedLog);
    // An id that none of the logs knows was another stream's, or made up, or is from before the broker lost them.
    const areLost = lastEventId !== undefined && !pipes.isKnown;
    const { snapshot } = this.options;
    if (snapshot && lastEventId === undefined) await snapshot(undefined);
    const isLost = (log: PipedLog): boolean => areLost || log.isLost;
    for (const log of logs) log.noteBeginning(isLost(log));
    if (logs.some((log) => !log.isKnown && !isLost(log))) {
      // By an event without data a client learns its position before anything comes (HTML 9.2.6, "dispatch").
      sink.pushFrame(`${formatId(pipes.currentId())}\n`, 0);
    }
    for (const log of logs) log.start(isLost(log) ? lastEventId : undefined);
  }

  #stop(): void {
    this.#isOver = true;
    for (const log of this.logs) if (log instanceof PipedLog) log.stop();
    this.pipes.remove(this);
  }
}

/** A log of a pipe until it is known where the stream begins in it. */
class UnlocatedLog implements PipedPosition {
  readonly log: TopicLog;
  readonly isLocated = false;
  readonly cursor = undefined;
  readonly isKnown = false;

  constructor(log: TopicLog) {
    this.log = log;
  }

  get address(): LogAddress {
    return this.log.address;
  }
}

async function awaitBoth(begun: Promise<void>, over: Promise<void>): Promise<void> {
  await Promise.all([begun, over]);
}

function toLog(sink: PipeSink, source: unknown): TopicLog {
  if (!(source instanceof TopicLog)) {
    throw new TypeError(
      `${sink.endpoint}: sse.pipe takes topics, and options last; one of its arguments is ${typeof source}.`,
    );
  }
  const { topic } = source.address;
  for (const event of Object.keys(source.events.shape)) {
    if (sink.eventNames.includes(event)) continue;
    throw new TopicError(
      topic,
      `its event ${JSON.stringify(event)} is not in the events of ${sink.endpoint} ` +
        `(${sink.eventNames.join(", ")}). Add it there.${suggest(event, sink.eventNames)}`,
      { endpoint: sink.endpoint },
    );
  }
  return source as TopicLog;
}
