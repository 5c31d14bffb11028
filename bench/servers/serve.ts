// What every server process does: it starts, publishes as it is told, and says what that took.

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";

import { createPosition } from "../event.ts";
import { serveCalls } from "../processes/calls.ts";
import type { BenchServer, Listening, Progress } from "./bench-server.ts";

/** What is to be published. */
export interface PublishPlan {
  /** Events in each topic. */
  events: number;
  /** Number of the first event. */
  from: number;
  /** Events in each turn of the event loop. */
  perTurn: number;
  /** Pause between turns in ms; 0 for none. */
  everyMs?: number;
  /** Size of a long note, for events larger than usual. */
  bytes?: number;
  /** Each event goes to so many topics, one after another; to the first one by default. */
  topics?: number;
}

/** What a process has used since its start, or between two questions. */
export interface Usage {
  /** CPU of all threads, user and system, in µs. */
  cpuMicros: number;
  /** In ms. */
  wallMs: number;
}

/** Memory of a process in bytes. */
export interface Memory {
  rss: number;
  heap: number;
  external: number;
  /** Highest RSS that the process ever had. */
  peakRss: number;
  /** Highest heap that was seen since `watchMemory`. */
  peakHeap: number;
}

/** Runs a server as a process that can be asked for measurements. */
export function serve(server: BenchServer, progress: Progress): void {
  let listening: Listening | undefined;
  let cpu = process.cpuUsage();
  let at = performance.now();
  let peakHeap = 0;

  serveCalls({
    async listen() {
      listening = await server.listen();
      return listening.port;
    },
    fanOut: (topic: number) => listening?.fanOut(topic),
    pull: ({ count, bytes }: { count: number; bytes: number }) => listening?.pull(count, bytes),
    publish: (plan: PublishPlan) => publish(server, plan),
    mark() {
      cpu = process.cpuUsage();
      at = performance.now();
    },
    usage(): Usage {
      const { user, system } = process.cpuUsage(cpu);
      return { cpuMicros: user + system, wallMs: performance.now() - at };
    },
    watchMemory() {
      // Seldom enough to cost nothing. The peak of RSS is the kernel's and misses none.
      setInterval(() => (peakHeap = Math.max(peakHeap, process.memoryUsage().heapUsed)), 50).unref();
    },
    async memory({ collect }: { collect: boolean }): Promise<Memory> {
      if (collect) await collectGarbage();
      const { rss, heapUsed, external } = process.memoryUsage();
      const peakRss = process.resourceUsage().maxRSS * 1024;
      return { rss, heap: heapUsed, external, peakRss, peakHeap: Math.max(peakHeap, heapUsed) };
    },
    offered: () => progress.offered,
  });
}

async function publish(server: BenchServer, plan: PublishPlan): Promise<void> {
  const { events, from, perTurn, everyMs = 0, bytes = 0, topics = 1 } = plan;
  const startedAt = performance.now();
  let published = 0;
  for (let n = from; n < from + events; n++) {
    for (let topic = 0; topic < topics; topic++) {
      server.publish(createPosition(n, bytes), topic);
      if (++published % perTurn !== 0) continue;
      if (everyMs > 0) await sleep(startedAt + (published / perTurn) * everyMs - performance.now());
      else await nextTurn();
    }
  }
}

async function collectGarbage(): Promise<void> {
  const { gc } = globalThis as { gc?: () => void };
  // What finalizers and closed sockets let go of is found by the next collection only.
  for (let round = 0; round < 4; round++) {
    gc?.();
    await sleep(50);
  }
}
