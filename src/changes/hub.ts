// One listening session for all that is subscribed to in a database. What ought to be (the feeds that somebody
// uses) and what is (the session and its channels) are brought together by one loop, step by step, so that
// subscribers may come and go at any moment and nothing is done twice at once.

import { createDeferred, type Deferred } from "../async/deferred.ts";
import { jitter } from "../async/jitter.ts";
import { startTimer } from "../async/timer.ts";
import type { Database } from "../database/database.ts";
import { DatabaseError } from "../errors/model-errors.ts";
import type { ListeningSession } from "../session/sessions.ts";
import { Feed } from "./feed.ts";
import { ensureTracked } from "./track.ts";
import type { TrackedTable } from "./trigger.ts";

/** Longest wait before the first and before any later attempt to listen again, in ms. */
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 10_000;

/** What happens in one database, told to all who have subscribed in this process. */
export class Hub {
  readonly #database: Database;
  readonly #feeds = new Map<string, Feed>();
  /** Tables of the feeds by the names that they were asked for with. */
  readonly #tables = new Map<string, TrackedTable>();
  /** Tables that are being looked up, by model and name. */
  readonly #lookups = new Map<string, Promise<TrackedTable>>();
  /** Feeds on whose channel the session listens. */
  readonly #listening = new Set<Feed>();
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

  constructor(database: Database) {
    this.#database = database;
    database.closing.addEventListener("abort", () => this.#endAll(), { once: true });
  }

  /**
   * Looks a table up, and has its trigger made; once for all who ask at a time, and not at all while it is
   * listened to. @throws QueryError, ChangesError, or the driver's error.
   */
  async table(request: { model: string; table: string }): Promise<TrackedTable> {
    const known = this.#tables.get(request.table);
    // Once nobody listens to it any more it may be dropped and made anew, without a trigger.
    if (known && this.#feeds.get(known.channel)?.used) return known;
    const key = JSON.stringify([request.model, request.table]);
    const lookup = this.#lookups.get(key) ?? ensureTracked(this.#database, request);
    this.#lookups.set(key, lookup);
    try {
      return await lookup;
    } finally {
      this.#lookups.delete(key);
    }
  }

  /** Gives the feed of a table, which is to be used at once, by adding a subscription to it. */
  feed(name: string, table: TrackedTable): Feed {
    const feed = this.#feeds.get(table.channel) ?? new Feed(this.#database.kysely, table);
    this.#feeds.set(table.channel, feed);
    this.#tables.set(name, table);
    return feed;
  }

  /** Resolves when a feed that is used hears of all that is committed from then on. @throws the driver's error. */
  async listen(feed: Feed): Promise<void> {
    if (this.#listening.has(feed) && !this.#interrupted) return;
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
    for (const feed of this.#feeds.values()) if (!feed.used) this.#feeds.delete(feed.channel);
    for (const [name, { channel }] of this.#tables) if (!this.#feeds.has(channel)) this.#tables.delete(name);
    if (this.#feeds.size === 0) {
      await this.#closeSession();
      this.#interrupted = false;
      return;
    }
    if (!this.#session && this.#interrupted) {
      await this.#pause();
      // Nobody may be left to listen for.
      if (!this.#used) {
        this.#dirty = true;
        return;
      }
    }
    const session = (this.#session ??= await this.#open());
    for (const feed of this.#listening) {
      if (this.#feeds.get(feed.channel) === feed) continue;
      this.#listening.delete(feed);
      if (!this.#feeds.has(feed.channel)) await session.unlisten(feed.channel);
    }
    for (const feed of this.#feeds.values()) {
      if (!this.#listening.has(feed)) {
        await session.listen(feed.channel);
        if (session !== this.#session) return;
        this.#listening.add(feed);
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
      onNotification: (channel, payload) => this.#feeds.get(channel)?.receive(payload),
      onLost: () => {
        lost = true;
        this.#lose();
      },
    });
    if (lost) throw new Error("The listening connection was lost at once.");
    return session;
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
