// One listening session for all that is subscribed to in a database. What ought to be (the feeds that somebody
// uses) and what is (the session and its channels) are brought together by one loop, step by step, so that
// subscribers may come and go at any moment and nothing is done twice at once.

import { createDeferred, type Deferred } from "../async/deferred.ts";
import { jitter } from "../async/jitter.ts";
import { shareRuns } from "../async/share-runs.ts";
import { startTimer, type Timer } from "../async/timer.ts";
import type { Database } from "../database/database.ts";
import { ChangesError, DatabaseError, QueryError } from "../errors/model-errors.ts";
import type { ListeningSession } from "../session/sessions.ts";
import { Feed } from "./feed.ts";
import { ensureTracked, type TableRequest } from "./track.ts";
import type { TrackedTable } from "./trigger.ts";

/** Longest wait before the first and before any later attempt to listen again, in ms. */
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;
/** How often it is looked whether the tables are still those that are listened to, in ms. */
const CHECK_EVERY_MS = 30_000;

/** What happens in one database, told to all who have subscribed in this process. */
export class Hub {
  readonly #database: Database;
  readonly #checkEveryMs: number;
  /** By the table's name with its schema, which another table may take. */
  readonly #feeds = new Map<string, Feed>();
  /** Look-ups by model and name. */
  readonly #lookups = new Map<string, () => Promise<TrackedTable>>();
  /** Feeds on whose channel the session listens, and that channel. */
  readonly #listening = new Map<Feed, string>();
  /** Feeds that have been listened to at any time: when that begins again, there was a gap. */
  readonly #established = new WeakSet<Feed>();
  /** Those who wait until their feed's channel is listened on. */
  readonly #starting = new Map<Feed, Deferred<void>[]>();
  #session: ListeningSession | undefined;
  /** Whether the last session was lost or could not be had. */
  #interrupted = false;
  #attempts = 0;
  #running = false;
  #dirty = false;
  #wake: (() => void) | undefined;
  #checking: Timer | undefined;

  constructor(database: Database, { checkEveryMs = CHECK_EVERY_MS }: { checkEveryMs?: number } = {}) {
    this.#database = database;
    this.#checkEveryMs = checkEveryMs;
    database.closing.addEventListener("abort", () => this.#endAll(), { once: true });
  }

  /**
   * Looks a table up as it is now, and has its trigger made; once for all who ask at a time. Those who listen to
   * it already are told of a gap if it is not what they have listened to.
   *
   * @throws QueryError, ChangesError, or the driver's error.
   */
  async table(request: TableRequest): Promise<TrackedTable> {
    const key = JSON.stringify([request.model, request.table]);
    const lookUp = this.#lookups.get(key) ?? shareRuns(async () => await this.#lookUp(request));
    this.#lookups.set(key, lookUp);
    return await lookUp();
  }

  /** Gives the feed of a table, which is to be used at once, by adding a subscription to it. */
  feed(request: TableRequest, { channel, name }: TrackedTable): Feed {
    const feed = this.#feeds.get(name) ?? new Feed(this.#database.kysely, { channel, name, request });
    this.#feeds.set(name, feed);
    return feed;
  }

  /** Resolves when a feed that is used hears of all that is committed from then on. @throws the driver's error. */
  async listen(feed: Feed): Promise<void> {
    if (this.#listening.get(feed) === feed.channel && !this.#interrupted) return;
    const waiting = createDeferred();
    this.#starting.set(feed, [...(this.#starting.get(feed) ?? []), waiting]);
    this.#wake?.();
    this.update();
    await waiting.promise;
  }

  /** Sees to what is to be done; to be called when somebody has come or gone. */
  update(): void {
    this.#dirty = true;
    if (!this.#used) this.#wake?.();
    if (!this.#running) void this.#run();
  }

  get #used(): boolean {
    return [...this.#feeds.values()].some((feed) => feed.used);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await this.#step();
      } catch (error) {
        await this.#fail(error);
      }
    }
    this.#running = false;
  }

  async #step(): Promise<void> {
    for (const feed of this.#feeds.values()) if (!feed.used) this.#feeds.delete(feed.table);
    if (this.#feeds.size === 0) {
      this.#lookups.clear();
      this.#checking?.clear();
      this.#checking = undefined;
      await this.#closeSession();
      this.#interrupted = false;
      return;
    }
    this.#checking ??= this.#checkLater();
    if (!this.#session && this.#interrupted) {
      await this.#pause();
      // Nobody may be left to listen for.
      if (!this.#used) {
        this.#dirty = true;
        return;
      }
    }
    const session = (this.#session ??= await this.#open());
    for (const [feed, channel] of this.#listening) {
      if (this.#feeds.get(feed.table) === feed && feed.channel === channel) continue;
      this.#listening.delete(feed);
      if (this.#feedsOf(channel).length === 0) await session.unlisten(channel);
    }
    for (const feed of this.#feeds.values()) {
      const { channel } = feed;
      if (this.#listening.get(feed) !== channel) {
        await session.listen(channel);
        if (session !== this.#session) return;
        this.#listening.set(feed, channel);
        if (this.#established.has(feed)) feed.gap();
        this.#established.add(feed);
      }
      this.#settle(feed);
    }
    this.#interrupted = false;
    this.#attempts = 0;
  }

  async #open(): Promise<ListeningSession> {
    let lost = false;
    const session = await this.#database.openListener({
      onNotification: (channel, payload) => {
        for (const feed of this.#feedsOf(channel)) {
          // What comes before the gap is told would seem to follow what came last; whoever reads at the gap finds it.
          if (this.#listening.get(feed) === channel || !this.#established.has(feed)) feed.receive(payload);
        }
      },
      onLost: () => {
        lost = true;
        this.#lose();
      },
    });
    if (lost) throw new Error("The listening connection was lost at once.");
    return session;
  }

  #feedsOf(channel: string): Feed[] {
    return [...this.#feeds.values()].filter((feed) => feed.channel === channel);
  }

  async #lookUp(request: TableRequest): Promise<TrackedTable> {
    const table = await ensureTracked(this.#database, request);
    const feed = this.#feeds.get(table.name);
    if (feed && feed.channel !== table.channel) {
      // What listens to the new channel instead tells of the gap, too.
      feed.channel = table.channel;
      this.update();
    } else if (feed && !table.tracked) feed.gap();
    return table;
  }

  /** Nobody is told when a table is dropped, made anew, or loses its trigger. */
  #checkLater(): Timer {
    const check = async (): Promise<void> => {
      await this.#checkAll();
      // Meanwhile the last may have gone, and a first one come, with whom it began anew.
      if (this.#checking === timer) this.#checking = this.#checkLater();
    };
    const timer = startTimer(this.#checkEveryMs, () => void check(), { background: true });
    return timer;
  }

  async #checkAll(): Promise<void> {
    for (const feed of this.#feeds.values()) {
      await this.table(feed.request).catch((cause: unknown) => {
        // Whatever else went wrong, the next time may be better.
        if (cause instanceof QueryError || cause instanceof ChangesError) feed.end({ cause });
      });
    }
  }

  #lose(): void {
    this.#session = undefined;
    this.#listening.clear();
    this.#interrupted = true;
    this.update();
  }

  /** A first attempt that fails is told to those who wait for it; those who were there already wait for the next. */
  async #fail(error: unknown): Promise<void> {
    await this.#closeSession();
    this.#interrupted = true;
    for (const feed of this.#starting.keys()) this.#settle(feed, { cause: error });
    if (this.#database.closed) return;
    if (error instanceof DatabaseError) {
      this.#endAll({ cause: error });
      return;
    }
    this.#dirty = true;
  }

  /** Waits longer each time, and not at all when somebody comes new. */
  async #pause(): Promise<void> {
    if (this.#starting.size > 0) return;
    const longest = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#attempts++);
    const waiting = createDeferred();
    const timer = startTimer(jitter(longest / 2, longest), waiting.resolve);
    this.#wake = waiting.resolve;
    await waiting.promise;
    timer.clear();
    this.#wake = undefined;
  }

  async #closeSession(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    this.#listening.clear();
    await session?.close().catch(() => undefined);
  }

  #settle(feed: Feed, failure?: { cause: unknown }): void {
    const waiting = this.#starting.get(feed) ?? [];
    this.#starting.delete(feed);
    for (const each of waiting) {
      if (failure) each.reject(failure.cause);
      else each.resolve();
    }
  }

  #endAll(failure?: { cause: unknown }): void {
    for (const feed of this.#feeds.values()) feed.end(failure);
    for (const feed of this.#starting.keys()) this.#settle(feed, failure);
    this.#wake?.();
    this.update();
  }
}
