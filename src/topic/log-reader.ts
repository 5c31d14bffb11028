// Reads one log from a position on, for one reader. It is read from the broker, page by page, until the reader has
// caught up; from then on what comes is queued for it. When the queue grows past its bound, because the reader
// is slow, it is let go of and the rest is read from the broker when there is room.

import type { EntryBatch, FramedEntry } from "./entry.ts";
import type { LogPage } from "./broker.ts";
import { PAGE_SIZE, type Feed, type FeedSubscriber } from "./feed.ts";

/** A hole in a log, in place of the entries that are missing. */
export class Hole {
  /** Where the log goes on. */
  readonly position: number;
  readonly cursor: string;
  /** Where the hole begins, if that is not where the reader is. */
  readonly after: string | undefined;

  constructor(position: number, cursor: string, after?: string) {
    this.position = position;
    this.cursor = cursor;
    this.after = after;
  }
}

/** Shared by all readers for whom nothing is queued; nobody may write into it. */
const NOTHING: never[] = [];

/** A reader of one log. A subclass says what to do when there is more to `take`. */
export abstract class LogReader implements FeedSubscriber {
  protected readonly feed: Feed;
  #epoch: string;
  /** Of the latest item that was queued. */
  #position: number;
  /** Of the latest item that was taken. */
  #taken: number;
  #queue: (FramedEntry | Hole)[] = NOTHING;
  #queuedLength = 0;
  #isBehind: boolean;
  #isStopped = false;

  /**
   * What comes is queued from now on.
   *
   * @param position Where to go on from.
   */
  constructor(feed: Feed, position: number) {
    this.feed = feed;
    this.#epoch = feed.epoch;
    this.#position = this.#taken = position;
    this.#isBehind = position !== feed.position;
    if (!this.#isBehind) feed.join(this);
  }

  /** Whether `fill` has to be called for there to be more. */
  get isBehind(): boolean {
    return this.#isBehind && this.#queue.length === 0;
  }

  stop(): void {
    this.#isStopped = true;
    this.feed.leave(this);
    this.#queue = NOTHING;
    this.#isBehind = false;
  }

  onBatch(batch: EntryBatch): void {
    for (const entry of batch.entries) if (entry.position > this.#position) this.#push(entry);
    this.onMore();
    if (this.#queuedLength > this.maxLength) this.#fallBehind();
  }

  onGap(): void {
    const isAhead = this.#epoch === this.feed.epoch && this.#position > this.feed.position;
    if (isAhead) return;
    this.#adopt(this.feed.position);
    this.onMore();
  }

  /** How much may be queued, in UTF-16 code units. */
  protected abstract get maxLength(): number;
  /** There is something to `take`. */
  protected abstract onMore(): void;
  /** Much is queued, and there is no history to read it from later. */
  protected abstract onOverrun(): void;

  /** Takes what comes next; `undefined` when nothing is queued. */
  protected take(): FramedEntry | Hole | undefined {
    const item = this.#queue.shift();
    if (!item) return undefined;
    this.#taken = item.position;
    if ("body" in item) this.#queuedLength -= item.body.length;
    return item;
  }

  /** What `take` would give, where that is history and not what has just come. */
  protected peekHistory(): FramedEntry | Hole | undefined {
    return this.#isBehind ? this.#queue[0] : undefined;
  }

  /** Takes a whole batch past the queue; `false` where that would not keep the order. */
  protected takeDirectly(batch: EntryBatch): boolean {
    if (this.#queue.length > 0 || batch.first.position <= this.#position) return false;
    this.#position = this.#taken = batch.last.position;
    return true;
  }

  /** Puts a hole before all else; it begins after the id `after`. */
  protected beginWithHole(after: string): void {
    this.#queue = [new Hole(this.#taken, this.feed.sign(this.#taken), after), ...this.#queue];
  }

  /** Lets go of what is queued, and leaves a hole. */
  protected lose(): void {
    this.#queue = NOTHING;
    this.#queuedLength = 0;
    this.#adopt(this.#position);
  }

  /**
   * Queues what comes next in the log, or joins those who are given what comes.
   *
   * @param read Reads a page; gives `undefined` to give up.
   */
  protected async fill(read: (after: number) => Promise<LogPage | undefined>): Promise<void> {
    if (this.#epoch !== this.feed.epoch) {
      this.#adopt(0);
      return;
    }
    if (this.#position === this.feed.position) {
      this.#join();
      return;
    }
    const page = await read(this.#position);
    if (!page || this.#isStopped) return;
    if (page.epoch !== this.feed.epoch) {
      await this.feed.resume();
      return;
    }
    const { entries, position, reachesBack } = page;
    if (position < this.#position) {
      // The broker has lost the end of its log, as a failover may.
      this.#adopt(position);
    } else if (entries.length === 0 && this.#position >= this.feed.position) {
      // The feed has not handed out the latest yet, which this reader has had.
      this.#join();
    } else {
      if (!reachesBack) this.#adopt((entries[0]?.position ?? position + 1) - 1);
      for (const entry of entries) this.#push(this.feed.frame(entry));
      if (entries.length === 0) this.#position = position;
    }
  }

  /** Reads a page of this log. */
  protected readPage(after: number): Promise<LogPage> {
    return this.feed.broker.read(this.feed.log, after, PAGE_SIZE);
  }

  #join(): void {
    if (this.#isStopped) return;
    this.#isBehind = false;
    this.feed.join(this);
  }

  #push(entry: FramedEntry): void {
    this.#position = entry.position;
    this.#enqueue(entry);
    this.#queuedLength += entry.body.length;
  }

  /** Goes on at a position, with a hole before it. */
  #adopt(position: number): void {
    this.#epoch = this.feed.epoch;
    this.#position = position;
    this.#enqueue(new Hole(position, this.feed.sign(position)));
  }

  #enqueue(item: FramedEntry | Hole): void {
    if (this.#queue === NOTHING) this.#queue = [item];
    else this.#queue.push(item);
  }

  #fallBehind(): void {
    if (this.feed.log.history === 0) {
      this.onOverrun();
      return;
    }
    this.feed.leave(this);
    // A hole swallows what comes before it.
    const hole = this.#queue.findLast((item) => item instanceof Hole);
    this.#queue = hole ? [hole] : [];
    this.#queuedLength = 0;
    this.#position = hole?.position ?? this.#taken;
    this.#isBehind = true;
  }
}
