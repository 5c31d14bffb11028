import { createDeferred, type Deferred } from "../async/deferred.ts";
import { watchOwnStream } from "../scope/own-stream.ts";
import { nextTurn } from "../scope/turn.ts";
import type { Broker, LogAddress, LogPage } from "./broker.ts";
import type { FramedEntry } from "./entry.ts";
import { acquireFeed, type Feed } from "./feed.ts";
import { Hole, LogReader } from "./log-reader.ts";
import { retryWhileOpen } from "./retry-while-open.ts";
import type { TopicGap, TopicSubscribeOptions } from "./types.ts";

/** UTF-16 code units that wait for a slow reader; what is more is read from history later. */
const MAX_LENGTH = 1_048_576;

/** What an iterator needs to know of its log. */
export interface IterableLog {
  readonly address: LogAddress;
  decode(entry: FramedEntry): unknown;
}

type Item = { id: string; event: string; data: unknown } | TopicGap;
type Step = IteratorResult<Item, undefined>;

/** The items of a log for one reader in this process. */
export class LogIterator implements AsyncIterableIterator<Item, undefined> {
  readonly #log: IterableLog;
  readonly #broker: Broker;
  readonly #after: string | undefined;
  readonly #waiting: Deferred<Step>[] = [];
  #starting: Promise<void> | undefined;
  #reader: Reader | undefined;
  #cursor = "";
  #isServing = false;
  #isWatched = false;
  /** @internal */
  closed = false;
  readonly #onClose = new Set<() => void>();

  constructor(log: IterableLog, broker: Broker, { signal, after }: TopicSubscribeOptions) {
    this.#log = log;
    this.#broker = broker;
    this.#after = after;
    const end = (): void => this.#end();
    if (signal?.aborted) {
      end();
    } else if (signal) {
      signal.addEventListener("abort", end, { once: true });
      this.onClose(() => signal.removeEventListener("abort", end));
    }
    this.#watch();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async ready(): Promise<void> {
    this.#watch();
    if (this.closed) return;
    this.#starting ??= this.#start().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    await this.#starting;
  }

  /** @internal Calls a listener when this is over. */
  onClose(listener: () => void): () => void {
    this.#onClose.add(listener);
    return () => void this.#onClose.delete(listener);
  }

  async next(): Promise<Step> {
    this.#watch();
    if (this.closed) {
      // A loop around this one must not keep others from their turn.
      await nextTurn();
      return { done: true, value: undefined };
    }
    const waiting = createDeferred<Step>();
    this.#waiting.push(waiting);
    void this.#serve();
    return await waiting.promise;
  }

  async return(): Promise<Step> {
    this.#end();
    return { done: true, value: undefined };
  }

  /** It is the stream's on whose handler's chain it was made, or else first read. */
  #watch(): void {
    if (this.closed || this.#isWatched) return;
    const unwatch = watchOwnStream(() => this.#end());
    if (!unwatch) return;
    this.#isWatched = true;
    this.onClose(unwatch);
  }

  async #start(): Promise<void> {
    const feed = await acquireFeed(this.#broker, this.#log.address);
    if (this.closed) {
      feed.release();
      return;
    }
    const known = this.#after === undefined ? undefined : feed.find(this.#after);
    const position = known ?? feed.position;
    this.#cursor = this.#after ?? feed.sign(position);
    this.#reader = new Reader(feed, position, () => void this.#serve());
    if (this.#after !== undefined && known === undefined) this.#reader.begin(this.#after);
  }

  /** Gives those who wait what there is. */
  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    try {
      await retryWhileOpen(this, () => this.ready());
      const reader = this.#reader;
      if (!reader) return;
      while (!this.closed && this.#waiting.length > 0) {
        const item = reader.next();
        if (item) {
          const value = this.#toItem(item);
          this.#waiting.shift()?.resolve({ done: false, value });
        } else if (reader.isBehind) await reader.catchUp((page) => retryWhileOpen(this, page));
        else break;
      }
    } catch (error) {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    } finally {
      this.#isServing = false;
    }
  }

  #toItem(item: FramedEntry | Hole): Item {
    const before = this.#cursor;
    this.#cursor = item.cursor;
    if (!(item instanceof Hole)) {
      return { id: item.cursor, event: item.event, data: this.#log.decode(item) };
    }
    const { topic, key } = this.#log.address;
    return {
      gap: true,
      id: item.cursor,
      topic,
      ...(key !== undefined && { key }),
      after: item.after ?? before,
    };
  }

  #end(): void {
    if (this.closed) return;
    this.closed = true;
    for (const listener of this.#onClose) listener();
    this.#reader?.stop();
    for (const { resolve } of this.#waiting.splice(0)) resolve({ done: true, value: undefined });
  }
}

class Reader extends LogReader {
  readonly #onMore: () => void;

  constructor(feed: Feed, position: number, onMore: () => void) {
    super(feed, position);
    this.#onMore = onMore;
  }

  override stop(): void {
    super.stop();
    this.feed.release();
  }

  next(): FramedEntry | Hole | undefined {
    return this.take();
  }

  begin(after: string): void {
    this.beginWithHole(after);
  }

  async catchUp(read: (page: () => Promise<LogPage>) => Promise<LogPage | undefined>): Promise<void> {
    await this.fill((after) => read(() => this.readPage(after)));
  }

  protected override get maxLength(): number {
    return MAX_LENGTH;
  }

  protected override onMore(): void {
    this.#onMore();
  }

  protected override onOverrun(): void {
    this.lose();
  }
}
