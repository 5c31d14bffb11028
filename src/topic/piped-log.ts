// One log on its way into one stream: hands on what its reader gives, at the client's pace while there is history
// to read, and in order, also where a filter or a snapshot is waited for.

import type { PipeGap, PipeOptions, PipeSink } from "../delivery/pipe.ts";
import { stringifyData } from "../wire/data.ts";
import { formatEventStart, formatId, GAP_EVENT } from "../wire/event-stream.ts";
import { roomFor } from "../delivery/room-for.ts";
import type { LogAddress } from "./broker.ts";
import type { EntryBatch, FramedEntry } from "./entry.ts";
import type { Feed } from "./feed.ts";
import { Hole, LogReader } from "./log-reader.ts";
import { retryWhileOpen } from "./retry-while-open.ts";
import type { PipedPosition, StreamPipes } from "./stream-pipes.ts";
import type { TopicLog } from "./topic-log.ts";

/** Events held back by a filter after which the client is told of its position all the same. */
const SKIPPED_PER_ID = 64;

/** Logs that a stream waits for a broker. */
export function reportAway({ log, endpoint }: PipeSink, error: unknown): void {
  log.warn(
    { err: error, endpoint },
    `${endpoint}: a topic can't be read now; the stream waits for its broker`,
  );
}

/** The pipe that a log belongs to. */
export interface PipeOwner {
  readonly sink: PipeSink;
  readonly options: PipeOptions;
  readonly pipes: StreamPipes;
  /** Takes what a snapshot has thrown. */
  fail(error: unknown): void;
}

/** Feeds one stream from one log. */
export class PipedLog extends LogReader implements PipedPosition {
  cursor: string | undefined;
  readonly isKnown: boolean;
  /** Stands for where it begins. */
  readonly #beginning: string;
  readonly #pipe: PipeOwner;
  readonly #log: TopicLog;
  /** Until `start`, and while a filter, a snapshot, the client or the broker is waited for. */
  #isWaiting = true;
  #skipped = 0;

  /**
   * Goes on after the position that the client has, else with what comes next; that is kept from now on, and handed
   * on from `start` on.
   *
   * @param feed Of this log; released by `stop`.
   */
  constructor(pipe: PipeOwner, log: TopicLog, feed: Feed) {
    const { lastEventId } = pipe.sink;
    const known = lastEventId === undefined ? undefined : feed.find(lastEventId);
    const position = known ?? feed.position;
    super(feed, position);
    this.#beginning = this.cursor = feed.sign(position);
    this.isKnown = known !== undefined;
    // Else a client that leaves before it has the state, or is told of a gap, would not be given it when it comes again.
    const needsState =
      lastEventId === undefined
        ? pipe.options.snapshot !== undefined
        : feed.has(lastEventId) || !pipe.pipes.isKnown;
    if (!this.isKnown && needsState) this.cursor = feed.lostCursor;
    this.#pipe = pipe;
    this.#log = log;
  }

  get address(): LogAddress {
    return this.#log.address;
  }

  get isLocated(): boolean {
    return true;
  }

  /** Whether the client's id has a part for this log that stands for no position any more. */
  get isLost(): boolean {
    const { lastEventId } = this.#pipe.sink;
    return !this.isKnown && lastEventId !== undefined && this.feed.has(lastEventId);
  }

  /** Has ids say where it begins, or that the client is still to be told of a gap. */
  noteBeginning(isLost: boolean): void {
    this.cursor = isLost ? this.feed.lostCursor : this.#beginning;
  }

  protected override get maxLength(): number {
    return this.#pipe.sink.maxBufferedBytes;
  }

  /** Begins. `after` is the client's id, where it is not known how to go on from that. */
  start(after?: string): void {
    if (after !== undefined) this.beginWithHole(after);
    this.#isWaiting = false;
    this.#pump();
  }

  override stop(): void {
    super.stop();
    this.feed.release();
  }

  override onBatch(batch: EntryBatch): void {
    const { options, pipes, sink } = this.#pipe;
    const isDirect = !options.filter && !this.#isWaiting && pipes.isSingle && this.takeDirectly(batch);
    if (!isDirect) {
      super.onBatch(batch);
      return;
    }
    this.cursor = batch.last.cursor;
    sink.pushBatch(batch.frames);
  }

  protected override onMore(): void {
    this.#pump();
  }

  protected override onOverrun(): void {
    this.#pipe.sink.overflow();
  }

  /** Hands on what there is, as far as nothing has to be waited for. */
  #pump(): void {
    const { sink } = this.#pipe;
    while (!this.#isWaiting && !sink.closed) {
      const next = this.peekHistory();
      const room = next && !(next instanceof Hole) ? roomFor(sink, next.data) : undefined;
      if (room) {
        // Nobody is in a hurry for history: it is handed on as fast as the client takes it.
        this.#wait(room);
        return;
      }
      const item = this.take();
      if (item) {
        const work = item instanceof Hole ? this.#tellHole(item) : this.#judge(item);
        if (work) this.#wait(work);
      } else if (this.isBehind) {
        this.#wait(this.#fill());
      } else {
        return;
      }
    }
  }

  #wait(work: Promise<void>): void {
    this.#isWaiting = true;
    const goOn = (): void => {
      this.#isWaiting = false;
      this.#pump();
    };
    work.then(goOn, (error: unknown) => this.#pipe.fail(error));
  }

  async #fill(): Promise<void> {
    const { sink } = this.#pipe;
    if (sink.isFull) await sink.whenWritable();
    await this.fill((after) =>
      retryWhileOpen(
        sink,
        () => this.readPage(after),
        (error) => reportAway(sink, error),
      ),
    );
  }

  /** Tells the client of a hole, or has the snapshot sent in its place. */
  #tellHole({ cursor, after }: Hole): Promise<void> | undefined {
    const { sink, pipes, options } = this.#pipe;
    const { topic, key } = this.feed.log;
    const gap: PipeGap = { topic, ...(key !== undefined && { key }), after: after ?? pipes.currentId() };
    const goOn = (frame: string, events: number): void => {
      this.cursor = cursor;
      sink.pushFrame(formatId(pipes.currentId()) + frame, events);
    };
    const { snapshot } = options;
    if (!snapshot) {
      goOn(`${formatEventStart(GAP_EVENT)}${stringifyData(gap)}\n\n`, 1);
      return undefined;
    }
    return Promise.resolve()
      .then(() => snapshot(gap))
      .then(() => goOn("\n", 0));
  }

  /** Hands an entry on, if the filter lets it through. */
  #judge(entry: FramedEntry): Promise<void> | undefined {
    const { filter } = this.#pipe.options;
    const verdict = !filter || this.#filter(entry, filter);
    if (typeof verdict !== "boolean") return verdict.then((isAllowed) => this.#send(entry, isAllowed));
    this.#send(entry, verdict);
    return undefined;
  }

  #filter(entry: FramedEntry, filter: NonNullable<PipeOptions["filter"]>): boolean | Promise<boolean> {
    const { sink } = this.#pipe;
    const refuse = (error: unknown): false => {
      sink.log.error(
        { err: error, endpoint: sink.endpoint, event: entry.event },
        `${sink.endpoint}: the filter of a pipe failed; the event was held back`,
      );
      return false;
    };
    try {
      const received = { id: entry.cursor, event: entry.event, data: this.#log.decode(entry) };
      const verdict: unknown = filter(received);
      if (!(verdict instanceof Promise)) return verdict === true;
      return verdict.then((value: unknown) => value === true, refuse);
    } catch (error) {
      return refuse(error);
    }
  }

  #send(entry: FramedEntry, isAllowed: boolean): void {
    const { sink, pipes } = this.#pipe;
    this.cursor = entry.cursor;
    if (isAllowed) {
      this.#skipped = 0;
      sink.pushFrame(pipes.isSingle ? entry.frame : formatId(pipes.currentId()) + entry.body, 1);
    } else if (++this.#skipped >= SKIPPED_PER_ID) {
      // Else it would begin far back when it comes again.
      this.#skipped = 0;
      sink.pushFrame(`${formatId(pipes.currentId())}\n`, 0);
    }
  }
}
