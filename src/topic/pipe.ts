import { createDeferred } from "../async/deferred.ts";
import type { Pipe, PipeOptions, PipeSink, PipeSource } from "../delivery/pipe.ts";
import { suggest } from "../errors/suggest.ts";
import { TopicError } from "../errors/topic-errors.ts";
import { formatId } from "../wire/event-stream.ts";
import type { Broker, LogAddress } from "./broker.ts";
import { acquireFeed, type Feed, type FeedLease } from "./feed.ts";
import { cursorsOf, type Claim, type PipeCursors } from "./pipe-cursors.ts";
import { PipeSubscriber, reportAway, type PipeTarget } from "./pipe-subscriber.ts";
import { retryWhileOpen } from "./retry-while-open.ts";
import { TopicLog } from "./topic-log.ts";

/** Makes what feeds the streams of a server whose topics are with a broker. */
export function createPipe(broker: () => Broker): Pipe {
  return (sink, sources, options) => pipe(broker(), sink, sources, options);
}

async function pipe(
  broker: Broker,
  sink: PipeSink,
  sources: readonly PipeSource[],
  options: PipeOptions,
): Promise<void> {
  const logs = sources.map((source) => toLog(sink, source));
  const cursors = cursorsOf(sink);
  const over = createDeferred();
  const claimed: LogAddress[] = [];
  const parts: Part[] = [];
  const forget = sink.onClose(over.resolve);
  try {
    const claims = logs.map(({ address }) => {
      const claim = cursors.claim(address);
      claimed.push(address);
      return claim;
    });
    for (const [index, log] of logs.entries()) {
      const lease = await retryWhileOpen(
        sink,
        () => acquireFeed(broker, log.address),
        (error) => reportAway(sink, error),
      );
      if (!lease) return;
      const target = { sink, cursors, claim: claims[index] as Claim, options, log, onError: over.reject };
      parts.push({ ...lease, ...locate(lease.feed, target), claim: target.claim });
    }
    cursors.noteLocated();
    await cursors.whenLocated();
    await begin(sink, cursors, parts, options);
    await over.promise;
  } finally {
    forget();
    for (const { subscriber, release } of parts) {
      subscriber.stop();
      release();
    }
    for (const address of claimed) cursors.release(address);
  }
}

/** One log of a pipe. */
interface Part extends FeedLease {
  subscriber: PipeSubscriber;
  claim: Claim;
}

/** Finds where the stream goes on in a log: after the position that the client has, else with what comes next. */
function locate(feed: Feed, target: PipeTarget): Pick<Part, "subscriber"> {
  const { lastEventId } = target.sink;
  const known = lastEventId === undefined ? undefined : feed.find(lastEventId);
  target.claim.isKnown = known !== undefined;
  return { subscriber: new PipeSubscriber(feed, target, known ?? feed.position) };
}

/** Tells the client where it stands, or what it has missed, and lets the events go. */
async function begin(
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
