import type { AnyKysely } from "../database/any-kysely.ts";
import { decodeChanges, type DecodedChange } from "./decode.ts";
import type { Filter } from "./filter.ts";
import { PayloadReader, type SentChange } from "./payload.ts";
import type { Subscription } from "./subscription.ts";
import type { TableRequest } from "./track.ts";

/** Changes decoded by one query. A reader that keeps up is done with them before the next. */
const MAX_BATCH = 500;
const MAX_BATCH_LENGTH = 4_000_000;
/** What a change takes beside its text, in characters. */
const CHANGE_LENGTH = 100;
/** What changes that wait to be decoded may take, in characters. Beyond, they give way to a gap. */
const MAX_PENDING_LENGTH = 64_000_000;

/** What a feed is made with. */
export interface FeedOptions {
  /** The table's channel. */
  channel: string;
  /** The table's name with its schema, quoted. */
  name: string;
  /** What was asked for. */
  request: TableRequest;
}

/** What happens to one table, told to all who have subscribed to it. */
export class Feed {
  /** Where the table's changes are sent; another one once a new table has taken the name. */
  channel: string;
  /** With its schema, quoted. */
  readonly table: string;
  /** How its first subscriber asked for it. */
  readonly request: TableRequest;
  readonly #kysely: AnyKysely;
  readonly #reader = new PayloadReader();
  readonly #subscribers = new Map<Subscription, Filter | undefined>();
  #pending: (SentChange | "gap")[] = [];
  #pendingLength = 0;
  #delivering = false;

  constructor(kysely: AnyKysely, { channel, name, request }: FeedOptions) {
    this.#kysely = kysely;
    this.channel = channel;
    this.table = name;
    this.request = request;
  }

  /** Whether somebody subscribes. */
  get used(): boolean {
    return this.#subscribers.size > 0;
  }

  add(subscription: Subscription, filter: Filter | undefined): void {
    this.#subscribers.set(subscription, filter);
  }

  remove(subscription: Subscription): void {
    this.#subscribers.delete(subscription);
  }

  /** Takes what was sent for the table. */
  receive(payload: string): void {
    const change = this.#reader.read(payload);
    if (change === undefined) return;
    if (change === "gap" && this.#pending.at(-1) === "gap") return;
    if (change !== "gap") this.#pendingLength += sizeOf(change);
    if (this.#pendingLength > MAX_PENDING_LENGTH) this.gap();
    else {
      this.#pending.push(change);
      void this.#deliver();
    }
  }

  /** Notes that changes may be missing after those that came before. */
  gap(): void {
    this.#reader.reset();
    // Whoever is told of the gap reads anew, so what waits is of no use.
    this.#pending = ["gap"];
    this.#pendingLength = 0;
    void this.#deliver();
  }

  /** Ends all subscriptions, with an error if one is given. */
  end(failure?: { cause: unknown }): void {
    this.#pending = [];
    for (const subscription of this.#subscribers.keys()) {
      if (failure) subscription.fail(failure.cause);
      else subscription.end();
    }
  }

  async #deliver(): Promise<void> {
    if (this.#delivering) return;
    this.#delivering = true;
    // Changes of one transaction come in one go, and are decoded as one.
    await Promise.resolve();
    while (this.#pending.length > 0 && this.used) {
      const batch = this.#takeBatch();
      const decoded = batch === "gap" ? "gap" : await this.#decode(batch);
      this.#tell(decoded);
    }
    this.#pending = [];
    this.#pendingLength = 0;
    this.#delivering = false;
  }

  #takeBatch(): SentChange[] | "gap" {
    const batch: SentChange[] = [];
    let length = 0;
    let taken = 0;
    for (const change of this.#pending) {
      if (change === "gap") {
        if (taken > 0) break;
        this.#pending.shift();
        return "gap";
      }
      const size = sizeOf(change);
      if (taken > 0 && (taken >= MAX_BATCH || length + size > MAX_BATCH_LENGTH)) break;
      batch.push(change);
      length += size;
      taken++;
    }
    this.#pending.splice(0, taken);
    this.#pendingLength -= length;
    return batch;
  }

  async #decode(changes: readonly SentChange[]): Promise<DecodedChange[] | "gap"> {
    const filters = [...new Map([...this.#subscribers.values()].flatMap(toEntry)).values()];
    const decode = (with_: readonly Filter[]) =>
      decodeChanges(this.#kysely, this.table, { changes, filters: with_ });
    try {
      return await decode(filters);
    } catch {
      // The connection was lost, or the table was altered: a filter may name a column that is gone.
      for (const filter of filters) {
        await decode([filter]).catch((cause: unknown) => this.#failFilter(filter, cause));
      }
      return "gap";
    }
  }

  /** Ends those whose filter the database refuses; with a lost connection all go on. */
  #failFilter({ key }: Filter, cause: unknown): void {
    // Class 42: what the statement names is not there, or makes no sense.
    if (!String((cause as { code?: unknown }).code).startsWith("42")) return;
    for (const [subscription, filter] of this.#subscribers) if (filter?.key === key) subscription.fail(cause);
  }

  #tell(decoded: readonly DecodedChange[] | "gap"): void {
    for (const [subscription, filter] of this.#subscribers) {
      if (decoded === "gap") {
        subscription.push({ gap: true });
        continue;
      }
      for (const { whole, views } of decoded) {
        const change = filter === undefined ? whole : views.get(filter.key);
        if (change) subscription.push(change);
      }
    }
  }
}

function sizeOf({ row, before }: SentChange): number {
  return row.length + (before?.length ?? 0) + CHANGE_LENGTH;
}

function toEntry(filter: Filter | undefined): [string, Filter][] {
  return filter ? [[filter.key, filter]] : [];
}
