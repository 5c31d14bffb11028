import { afterAll, beforeAll, describe, onTestFinished, test } from "vitest";
import { natsBroker, type NatsBrokerOptions } from "pinestream/nats";
import { redisBroker, type RedisBrokerOptions } from "pinestream/redis";

import type { Broker, LogAddress, LogEntry, LogListener } from "../../src/topic/broker.ts";
import { memoryBroker } from "../../src/topic/memory-broker.ts";
import { missingNats, NatsServer } from "./nats.ts";
import { missingRedis, RedisServer } from "./redis.ts";
import { waitFor } from "./wait-for.ts";

/** What a suite runs over: a kind of broker, and the server that its brokers share. */
export interface BrokerKit {
  readonly kind: "memory" | "redis" | "nats";
  /**
   * Makes a broker on the suite's server, as another process would have it; closed when the test is over. The memory
   * broker is the same for a whole test.
   */
  create(options?: {
    publishTimeout?: number;
    onStatus?: (status: { isConnected: boolean }) => void;
  }): Broker;
}

/** One on a server, which can be made to fail. */
export interface ServerKit extends BrokerKit {
  readonly kind: "redis" | "nats";
  readonly server: RedisServer | NatsServer;
  readonly url: string;
}

let created = 0;

/** A name that no other test uses. */
export function uniqueName(of: string): string {
  return `${of} ${process.pid}-${++created}`;
}

/** Runs a suite over all three kinds of broker. Where a server is not installed that part is skipped, but fails in CI. */
export function describeBrokers(name: string, suite: (kit: BrokerKit) => void): void {
  describe(`${name} (memory)`, () => {
    let broker: Broker | undefined;
    suite({
      kind: "memory",
      create() {
        if (broker) return broker;
        const made = memoryBroker();
        broker = made;
        onTestFinished(async () => {
          broker = undefined;
          await made.close();
        });
        return made;
      },
    });
  });
  describeServers(name, suite);
}

/** Runs a suite over the brokers that have a server. */
export function describeServers(name: string, suite: (kit: ServerKit) => void): void {
  describeOn(name, "redis", missingRedis(), RedisServer.launch, suite);
  describeOn(name, "nats", missingNats(), NatsServer.launch, suite);
}

function describeOn(
  name: string,
  kind: ServerKit["kind"],
  missing: string | undefined,
  launch: () => Promise<RedisServer | NatsServer>,
  suite: (kit: ServerKit) => void,
): void {
  const title = `${name} (${kind})`;
  if (missing !== undefined) {
    skip(title, missing, () => suite({ kind } as ServerKit));
    return;
  }
  describe(title, () => {
    let server: RedisServer | NatsServer | undefined;
    beforeAll(async () => {
      server = await launch();
    });
    afterAll(async () => await server?.[Symbol.asyncDispose]());
    const launched = (): RedisServer | NatsServer => {
      if (!server) throw new Error("the server is there in tests, not while they are declared");
      return server;
    };
    suite({
      kind,
      get server() {
        return launched();
      },
      get url() {
        return launched().url;
      },
      create(options) {
        const broker = createBroker(kind, launched().url, { onStatus: () => {}, ...options });
        onTestFinished(() => broker.close());
        return broker;
      },
    });
  });
}

/** Skips what needs a program that is missing, with one line that says so; in CI it fails. */
export function skip(title: string, missing: string, suite: () => void): void {
  if (process.env["CI"]) {
    test(title, () => {
      throw new Error(missing);
    });
    return;
  }
  describe.skip(title, suite);
  console.warn(`skipped: ${title}: ${missing}`);
}

/** Makes a broker on a server that is there. */
export function createBroker(
  kind: ServerKit["kind"],
  url: string,
  options: Omit<RedisBrokerOptions, "url"> & Omit<NatsBrokerOptions, "servers"> = {},
): Broker {
  return kind === "redis"
    ? redisBroker({ url, ...(options as Omit<RedisBrokerOptions, "url">) })
    : natsBroker({ servers: url, ...options });
}

/** A log that no other test uses. */
export function createLog(options: Partial<LogAddress> = {}): LogAddress {
  return { topic: uniqueName("harbour"), key: undefined, history: 100, ttlMs: 3_600_000, ...options };
}

/** Listens to a log and keeps what comes. */
export class Listening implements LogListener {
  readonly entries: LogEntry[] = [];
  interruptions = 0;

  onEntry(entry: LogEntry): void {
    this.entries.push(entry);
  }

  onInterruption(): void {
    this.interruptions++;
  }

  get data(): unknown[] {
    return this.entries.map(({ data }) => JSON.parse(data));
  }

  /** Waits until that many entries have come, and gives their data. */
  async take(count: number): Promise<unknown[]> {
    await waitFor(() => this.entries.length >= count, {
      what: () => `${count} entries; ${this.entries.length} came`,
    });
    return this.data;
  }
}

/** Publishes whole numbers, one after the other, and gives their positions. */
export async function publishNumbers(
  broker: Broker,
  log: LogAddress,
  from: number,
  to: number,
): Promise<number[]> {
  const positions: number[] = [];
  for (let each = from; each <= to; each++) {
    positions.push((await broker.publish(log, { event: "boat", data: String(each) })).position);
  }
  return positions;
}

/** Numbers from one to another, both included. */
export function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}

/** Reads all that comes after a position: what there is, and whether none is missing. */
export async function readAll(broker: Broker, log: LogAddress, after: number, limit = 128) {
  const data: unknown[] = [];
  let isWhole = true;
  for (let position = after; ;) {
    const page = await broker.read(log, position, limit);
    isWhole &&= page.reachesBack;
    data.push(...page.entries.map((entry) => JSON.parse(entry.data)));
    const last = page.entries.at(-1);
    if (!last) return { data, isWhole };
    position = last.position;
  }
}
