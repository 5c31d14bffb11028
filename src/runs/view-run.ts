import { jitter } from "../async/jitter.ts";
import { startTimer } from "../async/timer.ts";
import type { PipeSink } from "../delivery/pipe.ts";
import { roomFor } from "../delivery/room-for.ts";
import { stringifyData } from "../wire/data.ts";
import { formatEventStart, formatId, GAP_EVENT } from "../wire/event-stream.ts";
import type { FramedEntry } from "../topic/entry.ts";
import { acquireFeed, type Feed } from "../topic/feed.ts";
import { Hole, LogReader } from "../topic/log-reader.ts";
import { reportAway } from "../topic/piped-log.ts";
import { retryWhileOpen } from "../topic/retry-while-open.ts";
import { ALIVE_MS, isMark, MARKS, outcomeOf, type RunLog, type RunOutcome } from "./run-log.ts";

/** UTF-16 code units that wait for a viewer; what is more is read from the log later. */
const MAX_LENGTH = 262_144;
/** Silence of a run's log after which its process counts as gone, in ms. */
const LOST_MS = [3 * ALIVE_MS, 4 * ALIVE_MS] as const;

/** What became of a view: how the run is over, `closed` where the viewer's stream is, `gone` for no such run. */
export type ViewOutcome = RunOutcome | "closed" | "gone";

/** Where a view of a run begins. */
export interface ViewOptions {
  /** The position that the viewer has, without the run's prefix; from the beginning by default. */
  after: string | undefined;
  /** Whether the run has just been started for this viewer, and so is there. */
  isNew: boolean;
  /** Called before anything is sent, when the run is found to go on or to have more events. */
  onBegin(): void;
}

/** Sends a viewer the events of a run, from a position on, until the run is over or the viewer's stream is. */
export async function viewRun(sink: PipeSink, log: RunLog, options: ViewOptions): Promise<ViewOutcome> {
  const feed = await retryWhileOpen(
    sink,
    async () => ((await log.exists()) ? await acquireFeed(log.broker, log.address) : "gone"),
    (error) => reportAway(sink, error),
  );
  if (!feed) return "closed";
  if (feed === "gone") return "gone";
  try {
    const position = options.after === undefined ? 0 : feed.find(options.after);
    if (position === undefined) return "gone";
    return await follow(sink, log, feed, position, options);
  } finally {
    feed.release();
  }
}

async function follow(
  sink: PipeSink,
  log: RunLog,
  feed: Feed,
  position: number,
  { isNew, onBegin }: ViewOptions,
): Promise<ViewOutcome> {
  const reader = new ViewReader(feed, position, sink);
  const { id, address } = log;
  let cursor = feed.sign(position);
  let begun = false;
  const begin = (): void => {
    if (begun) return;
    begun = true;
    onBegin();
    // At the close the reader is woken like anybody who waits.
    sink.source = { currentId: () => cursor, onClose: () => {} };
    // So that a viewer who leaves before the first event comes back to this run, and starts no other.
    sink.pushFrame(`${formatId(cursor)}\n`, 0);
  };
  if (isNew) begin();
  let silences = 0;
  try {
    while (!sink.closed) {
      const item = reader.next();
      if (!item) {
        if (!reader.isBehind) begin();
        silences = (await reader.more()) ? 0 : silences + 1;
        // The first may be the broker's: it has to be there, and the run still silent, for that to count.
        if (silences === 1) await retryWhileOpen(sink, () => log.exists());
        else if (silences > 1) await log.append(MARKS.failed);
        continue;
      }
      if (item instanceof Hole) {
        begin();
        const gap = stringifyData({ topic: address.topic, key: id, after: cursor });
        cursor = item.cursor;
        sink.pushFrame(`${formatId(cursor)}${formatEventStart(GAP_EVENT)}${gap}\n\n`, 1);
      } else if (isMark(item.event)) {
        const outcome = outcomeOf(item.event);
        if (outcome === "end") begin();
        if (outcome) return begun ? outcome : "gone";
      } else {
        begin();
        await roomFor(sink, item.data);
        cursor = item.cursor;
        sink.pushFrame(item.frame, 1);
      }
    }
    return "closed";
  } finally {
    reader.stop();
  }
}

/** Waits for entries, for the close of its sink, and for the end of all patience. */
class ViewReader extends LogReader {
  readonly #sink: PipeSink;
  #wake: (() => void) | undefined;

  constructor(feed: Feed, position: number, sink: PipeSink) {
    super(feed, position);
    this.#sink = sink;
  }

  next(): FramedEntry | Hole | undefined {
    return this.take();
  }

  /** Resolves when there may be more; to `false` when the log has been silent for too long. */
  async more(): Promise<boolean> {
    if (this.isBehind) {
      await this.fill((after) => retryWhileOpen(this.#sink, () => this.readPage(after)));
      return true;
    }
    if (this.#sink.closed) return true;
    return await new Promise((resolve) => {
      const settle = (isAlive: boolean): void => {
        this.#wake = undefined;
        timer.clear();
        forget();
        resolve(isAlive);
      };
      const timer = startTimer(jitter(...LOST_MS), () => settle(false), { background: true });
      this.#wake = () => settle(true);
      const forget = this.#sink.onClose(this.#wake);
    });
  }

  protected override get maxLength(): number {
    return MAX_LENGTH;
  }

  protected override onMore(): void {
    this.#wake?.();
  }

  protected override onOverrun(): void {
    this.lose();
  }
}
