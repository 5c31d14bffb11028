// One log as this process follows it, for however many subscribers. What comes in one turn is framed once and
// handed to all of them at its end.
//
// `head` is the position up to which subscribers have been given all there is. Who stands there may join, and
// misses nothing. When the broker was away, or an entry came whose predecessor did not, the log is read from
// `head` on before anything else is handed out.

import { setTimeout } from "node:timers/promises";

import { jitter } from "../async/jitter.ts";
import { flushAtEndOfTurn, type Flushable } from "../delivery/flush-turn.ts";
import {
  formatAddress,
  type Broker,
  type LogAddress,
  type LogEntry,
  type LogHead,
  type LogListener,
  type LogSubscription,
} from "./broker.ts";
import { CursorSigner } from "./cursor.ts";
import { EntryBatch, FramedEntry } from "./entry.ts";

/** UTF-16 code units of data that are handed out at once; more come in several batches. */
const BATCH_LENGTH = 32_768;
/** Entries that are read at once. */
export const PAGE_SIZE = 128;
/** Entries that may wait while the log is read; more are read from the log as well. */
const MAX_ARRIVED = 4_096;

/** Who gets what comes. */
export interface FeedSubscriber {
  /** Entries came, which may begin before what the subscriber has had already. */
  onBatch(batch: EntryBatch): void;
  /** Entries are missing between what came and what comes. */
  onGap(): void;
}

/** A log, followed for those who have acquired it. */
export class Feed implements Flushable, LogListener {
  readonly log: LogAddress;
  readonly broker: Broker;
  #signer: CursorSigner;
  #head: LogHead;
  readonly #subscribers = new Set<FeedSubscriber>();
  #arrived: LogEntry[] = [];
  /** Position of the latest entry that has arrived. */
  #tail: number;
  #reading: Promise<void> | undefined;
  /** Whether some of what arrived was let go of since the last read began. */
  #hasDropped = false;
  #isScheduled = false;
  #closed = false;

  readonly #onRelease: () => void;

  constructor(broker: Broker, log: LogAddress, head: LogHead, onRelease: () => void) {
    this.broker = broker;
    this.log = log;
    this.#head = head;
    this.#tail = head.position;
    this.#signer = new CursorSigner(log, head.epoch);
    this.#onRelease = onRelease;
  }

  /** Gives up what `acquireFeed` gave, once for each time; with the last the broker's subscription ends. */
  release(): void {
    this.#onRelease();
  }

  /** The position up to which subscribers have been given all. */
  get position(): number {
    return this.#head.position;
  }

  get epoch(): string {
    return this.#head.epoch;
  }

  /** Makes the part of an id that stands for a position. */
  sign(position: number): string {
    return this.#signer.sign(position);
  }

  /** Finds the position that an id stands for in this log. */
  find(id: string): number | undefined {
    return this.#signer.find(id);
  }

  /** Tells whether an id has a part for this log, though it may stand for no position in it any more. */
  has(id: string): boolean {
    return this.#signer.has(id);
  }

  /** The part of an id of a client that is still to be told what it has missed. */
  get lostCursor(): string {
    return this.#signer.lost;
  }

  /** Makes an entry of the present epoch ready to be sent. */
  frame(entry: LogEntry): FramedEntry {
    return new FramedEntry(entry, this.sign(entry.position));
  }

  /** Hands a subscriber all that comes after `position`. */
  join(subscriber: FeedSubscriber): void {
    this.#subscribers.add(subscriber);
  }

  leave(subscriber: FeedSubscriber): void {
    this.#subscribers.delete(subscriber);
  }

  close(): void {
    this.#closed = true;
    this.#subscribers.clear();
  }

  onEntry(entry: LogEntry): void {
    if (entry.position <= this.#tail) return;
    const isMissing = entry.previous !== undefined && entry.previous > this.#tail;
    if (isMissing) void this.resume();
    this.#tail = entry.position;
    this.#arrived.push(entry);
    if (this.#reading) {
      if (this.#arrived.length > MAX_ARRIVED) {
        this.#arrived = [];
        this.#hasDropped = true;
      }
    } else {
      this.#schedule();
    }
  }

  onInterruption(): void {
    void this.resume();
  }

  /** @internal Called at the end of a turn. */
  flushTurn(): void {
    this.#isScheduled = false;
    if (this.#reading || this.#closed) return;
    const arrived = this.#arrived;
    this.#arrived = [];
    this.#handOut(arrived);
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    flushAtEndOfTurn(this);
  }

  #handOut(entries: readonly LogEntry[]): void {
    let batch: FramedEntry[] = [];
    let length = 0;
    const flush = (): void => {
      const [first, ...rest] = batch;
      if (!first) return;
      const framed = new EntryBatch([first, ...rest]);
      batch = [];
      length = 0;
      this.#head = { epoch: this.epoch, position: framed.last.position };
      for (const subscriber of this.#subscribers) subscriber.onBatch(framed);
    };
    for (const entry of entries) {
      if (entry.position <= this.position) continue;
      batch.push(this.frame(entry));
      length += entry.data.length;
      if (length >= BATCH_LENGTH) flush();
    }
    flush();
  }

  /** Reads what was missed, for as long as that takes, and goes on. */
  resume(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
      if (this.#arrived.length > 0) this.#schedule();
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    let failures = 0;
    while (!this.#closed) {
      try {
        const isComplete = await this.#readPage();
        failures = 0;
        if (isComplete) break;
      } catch {
        // The broker is still away. Its own log tells of that.
        await setTimeout(jitter(20, Math.min(2_000, 50 * 2 ** failures++)), undefined, { ref: false });
      }
    }
  }

  async #readPage(): Promise<boolean> {
    this.#hasDropped = false;
    const { epoch, entries, position, reachesBack } = await this.broker.read(
      this.log,
      this.position,
      PAGE_SIZE,
    );
    if (this.#closed) return true;
    if (epoch !== this.epoch) {
      this.#adopt(epoch);
      return false;
    }
    if (!reachesBack) {
      this.#head = { epoch, position: (entries[0]?.position ?? position + 1) - 1 };
      this.#tellGap();
    }
    this.#handOut(entries);
    if (entries.length > 0 || this.#hasDropped) return false;
    // What the log no longer has can't be waited for, but what has arrived without it can still be had.
    const next = this.#arrived[0]?.position ?? Number.POSITIVE_INFINITY;
    this.#head = { epoch, position: Math.max(this.position, Math.min(position, next - 1)) };
    return true;
  }

  /** The log was lost, and another one begun. */
  #adopt(epoch: string): void {
    this.#head = { epoch, position: 0 };
    this.#signer = new CursorSigner(this.log, epoch);
    this.#tail = 0;
    this.#arrived = [];
    this.#tellGap();
  }

  #tellGap(): void {
    for (const subscriber of this.#subscribers) subscriber.onGap();
  }
}

/** A feed and who uses it. */
interface Use {
  readonly feeds: Map<string, Use>;
  readonly id: string;
  readonly feed: Promise<{ feed: Feed; subscription: LogSubscription }>;
  /** The feed once it is there. */
  opened?: Feed;
  users: number;
}

const uses = new WeakMap<Broker, Map<string, Use>>();

/** Follows a log, together with all others in this process who do, until `release`. @throws BrokerError */
export async function acquireFeed(broker: Broker, log: LogAddress): Promise<Feed> {
  const id = formatAddress(log);
  const feeds = uses.get(broker) ?? new Map<string, Use>();
  uses.set(broker, feeds);
  let use = feeds.get(id);
  if (!use) {
    const opened: Use = { feeds, id, feed: openFeed(broker, log, () => leave(opened)), users: 0 };
    use = opened;
    feeds.set(id, use);
  }
  use.users++;
  try {
    const { feed } = await use.feed;
    use.opened = feed;
    return feed;
  } catch (error) {
    leave(use);
    if (feeds.get(id) === use) feeds.delete(id);
    throw error;
  }
}

/** Does the same at once where somebody follows the log already. */
export function acquireOpenFeed(broker: Broker, log: LogAddress): Feed | undefined {
  const use = uses.get(broker)?.get(formatAddress(log));
  if (!use?.opened) return undefined;
  use.users++;
  return use.opened;
}

/** Makes the id of an entry that was published, with what its feed has for that where the log is followed here. */
export function signPublished(broker: Broker, log: LogAddress, { epoch, position }: LogHead): string {
  const feed = uses.get(broker)?.get(formatAddress(log))?.opened;
  // The feed is about to sign the same position, and has that done then.
  return feed?.epoch === epoch ? feed.sign(position) : new CursorSigner(log, epoch).sign(position);
}

function leave(use: Use): void {
  const { feeds, id } = use;
  if (--use.users > 0) return;
  if (feeds.get(id) === use) feeds.delete(id);
  void use.feed.then(
    ({ feed, subscription }) => {
      feed.close();
      subscription.close();
    },
    () => undefined,
  );
}

async function openFeed(
  broker: Broker,
  log: LogAddress,
  onRelease: () => void,
): Promise<{ feed: Feed; subscription: LogSubscription }> {
  // Entries may come before the call returns.
  const early: LogEntry[] = [];
  let feed: Feed | undefined;
  let wasInterrupted = false;
  const subscription = await broker.subscribe(log, {
    onEntry: (entry) => (feed ? feed.onEntry(entry) : early.push(entry)),
    onInterruption: () => {
      wasInterrupted = true;
      feed?.onInterruption();
    },
  });
  feed = new Feed(broker, log, subscription.head, onRelease);
  for (const entry of early) feed.onEntry(entry);
  if (wasInterrupted) feed.onInterruption();
  return { feed, subscription };
}
