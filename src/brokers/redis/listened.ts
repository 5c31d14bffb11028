import { startTimer, type Timer } from "../../async/timer.ts";
import { formatAddress, type LogAddress, type LogListener } from "../../topic/broker.ts";
import type { RedisConnection } from "./connection.ts";
import { ttlOf, type LogKeys } from "./names.ts";

/** What is known of a log that is listened to. */
export interface ListenedLog {
  /** As last read. */
  epoch: string | undefined;
}

interface Entry extends ListenedLog {
  readonly log: LogAddress;
  readonly meta: string;
  readonly listeners: Set<LogListener>;
  dueAt: number;
}

/** Shortest time between two rounds, in ms. */
const LEAST_MS = 200;

/** The logs that this process listens to. They are kept from being forgotten, however long nothing happens. */
export class Listened {
  readonly #connection: () => RedisConnection | undefined;
  readonly #logs = new Map<string, Entry>();
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(connection: () => RedisConnection | undefined) {
    this.#connection = connection;
  }

  add(log: LogAddress, { meta }: LogKeys, listener: LogListener): ListenedLog {
    const id = formatAddress(log);
    let entry = this.#logs.get(id);
    if (!entry) {
      entry = { log, meta, epoch: undefined, listeners: new Set(), dueAt: Date.now() + periodOf(log) };
      this.#logs.set(id, entry);
      this.#schedule(entry.dueAt);
    }
    entry.listeners.add(listener);
    return entry;
  }

  remove(log: LogAddress, listener: LogListener): void {
    const id = formatAddress(log);
    const entry = this.#logs.get(id);
    if (!entry?.listeners.delete(listener) || entry.listeners.size > 0) return;
    this.#logs.delete(id);
    if (this.#logs.size === 0) this.#stop();
  }

  noteEpoch(log: LogAddress, epoch: string): void {
    const entry = this.#logs.get(formatAddress(log));
    if (entry) entry.epoch = epoch;
  }

  clear(): void {
    this.#logs.clear();
    this.#stop();
  }

  #schedule(at: number): void {
    if (at >= this.#timerAt) return;
    this.#timer?.clear();
    this.#timerAt = at;
    this.#timer = startTimer(at - Date.now(), () => this.#round(), { background: true });
  }

  #stop(): void {
    this.#timer?.clear();
    this.#timerAt = Number.POSITIVE_INFINITY;
  }

  #round(): void {
    this.#timerAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    const connection = this.#connection();
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#logs.values()) {
      if (entry.dueAt <= now) {
        entry.dueAt = now + periodOf(entry.log);
        if (connection) void this.#keep(connection, entry);
      }
      next = Math.min(next, entry.dueAt);
    }
    if (next < Number.POSITIVE_INFINITY) this.#schedule(next);
  }

  async #keep(connection: RedisConnection, { meta, log, listeners }: Entry): Promise<void> {
    // When the connection breaks instead, the listeners hear of it.
    const isThere = await connection.sendCommand(["PEXPIRE", meta, ttlOf(log)]).catch(() => 1);
    // It was evicted, or Redis has been emptied.
    if (Number(isThere) === 0) for (const listener of listeners) listener.onInterruption();
  }
}

/** Several times within the time after which the log would be forgotten. */
function periodOf({ ttlMs }: LogAddress): number {
  return Math.max(LEAST_MS, ttlMs / 3);
}
