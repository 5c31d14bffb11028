// The process of the clients: opens streams, and says what came through them.

import { sharedNow } from "../event.ts";
import { serveCalls } from "../processes/calls.ts";
import { Latencies } from "./latencies.ts";
import { StreamClient } from "./stream-client.ts";

/** Which streams to open. */
export interface OpenPlan {
  port: number;
  paths: string[];
  /** So many streams, with the paths one after another. */
  count: number;
  /** How many may be on their way at once. */
  atOnce?: number;
  /** Clients that read nothing; they are counted apart. */
  stalled?: boolean;
}

/** What came so far. */
export interface Received {
  streams: number;
  events: number;
  bytes: number;
  /** From publisher to client, in µs. */
  p50: number;
  p99: number;
  /** The beginning of the first stream, as it was sent. */
  sample: string;
}

const latencies = new Latencies();
let clients: StreamClient[] = [];
let silent: StreamClient[] = [];
let isTiming = false;
/** Clients that have had the event which is waited for. */
let arrived = 0;
let awaited: number | undefined;
let wake = (): void => {};

const listener = {
  onEvent(n: number, at: number): void {
    if (isTiming) latencies.add(sharedNow() - at);
    if (n === awaited && ++arrived === clients.length) wake();
  },
};

serveCalls({
  open,
  /** Waits until every stream has had the event of this number, or fails, or `withinMs` are over. */
  async until({ n, withinMs }: { n: number; withinMs: number }) {
    awaited = n;
    arrived = clients.filter(({ reader }) => (reader.last ?? 0) >= n).length;
    await settle(
      () => arrived === clients.length,
      withinMs,
      () => `${arrived} of ${clients.length} streams had event ${n}`,
    );
    awaited = undefined;
  },
  /** Waits until all streams have ended. */
  async ended({ withinMs }: { withinMs: number }) {
    await settle(
      () => clients.every(({ reader }) => reader.isDone),
      withinMs,
      () => "a stream has not ended",
    );
  },
  time(on: boolean) {
    isTiming = on;
    latencies.clear();
  },
  received,
  stalledAreCut: () => silent.every(({ isClosed }) => isClosed),
  async closeAll() {
    const all = [...clients, ...silent];
    clients = [];
    silent = [];
    for (const client of all) client.close();
    await settle(
      () => all.every(({ isClosed }) => isClosed),
      30_000,
      () => "not all sockets have closed",
    );
  },
});

async function open({ port, paths, count, atOnce = 128, stalled = false }: OpenPlan): Promise<void> {
  const opened: StreamClient[] = [];
  const group = stalled ? silent : clients;
  const isThere = (client: StreamClient): boolean => stalled || client.reader.isOpen;
  let there = 0;
  const next = (): void => {
    const index = opened.length;
    const path = paths[index % paths.length] ?? "/";
    let isCounted = false;
    const onChange = (): void => {
      if (!isCounted && isThere(client)) {
        isCounted = true;
        there++;
        if (opened.length < count) next();
      }
      if (there === count || client.error) wake();
      else if (client.isClosed || client.reader.isDone) wake();
    };
    const client = new StreamClient({ port, path }, listener, onChange, {
      stalled,
      sample: !stalled && index === 0 && clients.length === 0,
    });
    opened.push(client);
    group.push(client);
  };
  while (opened.length < Math.min(count, atOnce)) next();
  await settle(
    () => there === count,
    120_000,
    () => `${there} of ${count} streams are open`,
  );
}

/** Waits for a condition that `wake` has looked at again; fails with the first stream that does. */
async function settle(isDone: () => boolean, withinMs: number, what: () => string): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    assertSound();
    if (isDone()) return;
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) throw new Error(`not within ${withinMs} ms: ${what()}`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, Math.min(leftMs, 1_000));
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function assertSound(): void {
  for (const [index, { error, isClosed, reader }] of clients.entries()) {
    if (error) throw new Error(`stream ${index + 1}: ${error.message}`);
    if (isClosed && !reader.isDone) {
      throw new Error(`stream ${index + 1} was cut after event ${reader.last ?? "none"}`);
    }
  }
}

function received(): Received {
  assertSound();
  let events = 0;
  let bytes = 0;
  for (const { reader } of clients) {
    events += reader.events;
    bytes += reader.bytes;
  }
  return {
    streams: clients.length,
    events,
    bytes,
    p50: latencies.quantile(0.5),
    p99: latencies.quantile(0.99),
    sample: clients[0]?.reader.sample ?? "",
  };
}
