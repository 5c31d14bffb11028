// The broker within a process. A log exists while somebody listens to it or it has history; what nobody uses any
// more goes with its last event. Positions count for the broker as a whole, so that a log that was let go of
// and made again never uses one twice. Of logs that are gone it is only known, for the topic as a whole, up to
// which position they had events.

import { randomBytes } from "node:crypto";

import { startTimer, type Timer } from "../async/timer.ts";
import { BrokerError } from "../errors/topic-errors.ts";
import {
  formatAddress,
  type Broker,
  type LogAddress,
  type LogEntry,
  type LogHead,
  type LogListener,
  type LogPage,
  type LogSubscription,
} from "./broker.ts";

interface StoredEntry extends LogEntry {
  /** When it is forgotten, by the process's clock. */
  readonly expiresAt: number;
}

interface MemoryLog {
  readonly topic: string;
  /** Oldest first, without those before `first`. */
  entries: (StoredEntry | undefined)[];
  first: number;
  position: number;
  /** Position of the latest entry that is gone. */
  trimmedTo: number;
  readonly listeners: Set<LogListener>;
}

/** Shortest time between two sweeps, in ms. */
const SWEEP_MS = 100;

class MemoryBroker implements Broker {
  readonly kind = "memory";
  readonly #epoch = randomBytes(12).toString("base64url");
  readonly #logs = new Map<string, MemoryLog>();
  /** By topic, the position up to which logs that are gone had events. */
  readonly #goneTo = new Map<string, number>();
  #position = 0;
  #sweep: Timer | undefined;
  #sweepAt = Number.POSITIVE_INFINITY;
  #closed = false;

  async publish(address: LogAddress, { event, data }: { event: string; data: string }): Promise<LogHead> {
    this.#assertOpen();
    const log = this.#open(address);
    const position = ++this.#position;
    const entry: StoredEntry = {
      position,
      previous: log.position,
      event,
      data,
      expiresAt: Date.now() + address.ttlMs,
    };
    log.position = position;
    if (address.history > 0) {
      log.entries.push(entry);
      while (log.entries.length - log.first > address.history) this.#trim(log);
      this.#sweepBy(entry.expiresAt);
    } else {
      log.trimmedTo = position;
    }
    for (const listener of log.listeners) listener.onEntry(entry);
    this.#letGo(address, log);
    return { epoch: this.#epoch, position };
  }

  async subscribe(address: LogAddress, listener: LogListener): Promise<LogSubscription> {
    this.#assertOpen();
    const log = this.#open(address);
    log.listeners.add(listener);
    const close = (): void => {
      log.listeners.delete(listener);
      this.#letGo(address, log);
    };
    return { head: { epoch: this.#epoch, position: log.position }, close };
  }

  async read(address: LogAddress, after: number, limit: number): Promise<LogPage> {
    this.#assertOpen();
    const log = this.#open(address);
    this.#expire(log, Date.now());
    const { entries, first, position, trimmedTo } = log;
    const start = Math.max(first, findAfter(entries, after));
    const page = entries.slice(start, start + limit) as StoredEntry[];
    this.#letGo(address, log);
    return { epoch: this.#epoch, position, entries: page, reachesBack: after >= trimmedTo };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#sweep?.clear();
    this.#logs.clear();
    this.#goneTo.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new BrokerError("memory", "it was closed, with the server that it was given to.");
  }

  #open(address: LogAddress): MemoryLog {
    const id = formatAddress(address);
    let log = this.#logs.get(id);
    if (!log) {
      const trimmedTo = this.#goneTo.get(address.topic) ?? 0;
      log = {
        topic: address.topic,
        entries: [],
        first: 0,
        position: this.#position,
        trimmedTo,
        listeners: new Set(),
      };
      this.#logs.set(id, log);
    }
    return log;
  }

  /** Forgets a log that nobody uses. */
  #letGo(address: LogAddress, log: MemoryLog): void {
    if (log.entries.length > log.first || log.listeners.size > 0) return;
    this.#forget(formatAddress(address), log);
  }

  #forget(id: string, log: MemoryLog): void {
    if (this.#logs.get(id) !== log) return;
    this.#logs.delete(id);
    const goneTo = this.#goneTo.get(log.topic) ?? 0;
    if (log.trimmedTo > goneTo) this.#goneTo.set(log.topic, log.trimmedTo);
  }

  #trim(log: MemoryLog): void {
    log.trimmedTo = log.entries[log.first]?.position ?? log.trimmedTo;
    log.entries[log.first++] = undefined;
    if (log.first < 64 || log.first * 2 < log.entries.length) return;
    log.entries.splice(0, log.first);
    log.first = 0;
  }

  #expire(log: MemoryLog, now: number): void {
    while ((log.entries[log.first]?.expiresAt ?? Number.POSITIVE_INFINITY) <= now) this.#trim(log);
  }

  /** Has old events forgotten where nobody publishes or reads. */
  #sweepBy(dueAt: number): void {
    if (dueAt >= this.#sweepAt) return;
    this.#sweep?.clear();
    this.#sweepAt = dueAt;
    const delayMs = Math.max(SWEEP_MS, dueAt - Date.now());
    this.#sweep = startTimer(delayMs, () => this.#runSweep(), { background: true });
  }

  #runSweep(): void {
    this.#sweepAt = Number.POSITIVE_INFINITY;
    const now = Date.now();
    let next = Number.POSITIVE_INFINITY;
    for (const [id, log] of this.#logs) {
      this.#expire(log, now);
      const oldest = log.entries[log.first];
      if (oldest) next = Math.min(next, oldest.expiresAt);
      else if (log.listeners.size === 0) this.#forget(id, log);
    }
    this.#sweepBy(next);
  }
}

/** Index of the first entry after a position, found by halving. */
function findAfter(entries: readonly (LogEntry | undefined)[], after: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((entries[middle]?.position ?? 0) <= after) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Makes a broker that keeps topics in the memory of this process. It is what a server without a `broker` uses;
 * one made here shares nothing with others, which suits tests.
 */
export function memoryBroker(): Broker {
  return new MemoryBroker();
}
