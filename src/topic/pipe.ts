import { startTimer } from "../async/timer.ts";
import type { Pipe, PipeOptions, PipeSink, PipeSource } from "../delivery/pipe.ts";
import { suggest } from "../errors/suggest.ts";
import { TopicError } from "../errors/topic-errors.ts";
import { formatId } from "../wire/event-stream.ts";
import type { Broker } from "./broker.ts";
import { acquireFeed, type Feed, type FeedLease } from "./feed.ts";
import { cursorsOf, type Claim, type PipeCursors } from "./pipe-cursors.ts";
import { PipeSubscriber, reportAway, type PipeTarget } from "./pipe-subscriber.ts";
import { retryWhileOpen } from "./retry-while-open.ts";
import { TopicLog } from "./topic-log.ts";

/** How long the head waits until the topics are listened to, in ms. */
const MAX_HEAD_WAIT_MS = 1_000;

/** Makes what feeds the streams of a server whose topics are with a broker. */
export function createPipe(broker: () => Broker): Pipe {
  return async (sink, sources, options) => {
    const pipe = new ActivePipe(sink);
    try {
      await pipe.begin(broker(), sources, options);
      await pipe.over;
    } finally {
      pipe.stop();
    }
  };
}

/** One log of a pipe. */
interface Part extends FeedLease {
  subscriber: PipeSubscriber;
  claim: Claim;
}

/** What is held for as long as a stream is piped. */
class ActivePipe {
  /** Resolves at the close; rejects with what a snapshot has thrown. */
  readonly over: Promise<void>;
  readonly #sink: PipeSink;
  readonly #cursors: PipeCursors;
  // Exactly as long as they have to be: an array that grows has room for many more.
  #claims: readonly Claim[] = [];
  #parts: readonly Part[] = [];
  readonly #forget: () => void;
  #fail!: (error: unknown) => void;

  constructor(sink: PipeSink) {
    this.#sink = sink;
    this.#cursors = cursorsOf(sink);
    let forget = (): void => {};
    this.over = new Promise((resolve, reject) => {
      this.#fail = reject;
      forget = sink.onClose(resolve);
    });
    this.#forget = forget;
    // `begin` may throw before anybody waits for it.
    this.over.catch(() => undefined);
  }

  async begin(broker: Broker, sources: readonly PipeSource[], options: PipeOptions): Promise<void> {
    const sink = this.#sink;
    const cursors = this.#cursors;
    const logs = sources.map((source) => toLog(sink, source));
    for (const { address } of logs) this.#claims = this.#claims.concat(cursors.claim(address));
    // A client that has the head may have something done, and expects here what is published then.
    const letHeadGo = sink.holdHead();
    const timer = startTimer(MAX_HEAD_WAIT_MS, letHeadGo, { background: true });
    const onAway = (error: unknown): void => {
      letHeadGo();
      reportAway(sink, error);
    };
    try {
      for (const [index, log] of logs.entries()) {
        const lease = await retryWhileOpen(sink, () => acquireFeed(broker, log.address), onAway);
        if (!lease) return;
        const claim = this.#claims[index] as Claim;
        const target = { sink, cursors, claim, options, log, onError: this.#fail };
        const part = Object.assign(lease, { claim, subscriber: locate(lease.feed, target) });
        this.#parts = this.#parts.concat(part);
      }
      cursors.noteLocated();
      await cursors.whenLocated();
    } finally {
      timer.clear();
      letHeadGo();
    }
    await start(sink, cursors, this.#parts, options);
  }

  stop(): void {
    this.#forget();
    for (const part of this.#parts) {
      part.subscriber.stop();
      part.release();
    }
    for (const claim of this.#claims) this.#cursors.release(claim);
  }
}

/** Finds where the stream goes on in a log: after the position that the client has, else with what comes next. */
function locate(feed: Feed, target: PipeTarget): PipeSubscriber {
  const { lastEventId } = target.sink;
  const known = lastEventId === undefined ? undefined : feed.find(lastEventId);
  target.claim.isKnown = known !== undefined;
  return new PipeSubscriber(feed, target, known ?? feed.position);
}

/** Tells the client where it stands, or what it has missed, and lets the events go. */
async function start(
  sink: PipeSink,
  cursors: PipeCursors,
  parts: readonly Part[],
  { snapshot }: PipeOptions,
): Promise<void> {
  const { lastEventId } = sink;
  // An id that none of the logs knows was another stream's, or made up, or is from before the broker lost them.
  const isLost = lastEventId !== undefined && !cursors.isKnown;
  if (lastEventId === undefined) await snapshot?.(undefined);
  if (!isLost && parts.some(({ claim }) => !claim.isKnown)) {
    // By an event without data a client learns its position before anything comes (HTML 9.2.6, "dispatch").
    sink.pushFrame(`${formatId(cursors.format())}\n`, 0);
  }
  for (const { subscriber } of parts) subscriber.start(isLost ? lastEventId : undefined);
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
