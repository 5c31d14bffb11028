import type { EventEmitter } from "node:events";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { turns, waitFor } from "./wait-for.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** Forces a garbage collection. */
export function collectGarbage(): void {
  collect();
}

/** How many of each kind of resource keep the process alive: sockets, servers, timers, immediates. */
export function activeResources(): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

/** How many listeners an emitter has for each of its events. */
export function listenerCounts(emitter: EventEmitter): Record<string, number> {
  return Object.fromEntries(
    emitter.eventNames().map((name) => [String(name), emitter.listenerCount(name)] as const),
  );
}

/** Objects that ought to be collected once nobody needs them. */
export class Collectables {
  readonly #refs: WeakRef<object>[] = [];

  /** Remembers `object` without holding it. */
  add(object: object): void {
    this.#refs.push(new WeakRef(object));
  }

  get added(): number {
    return this.#refs.length;
  }

  /** How many are still there. */
  get alive(): number {
    return this.#refs.filter((ref) => ref.deref() !== undefined).length;
  }

  /** Collects garbage until at most `most` are left; fails when more stay. */
  async gone({ most = 0 }: { most?: number } = {}): Promise<void> {
    await waitFor(
      async () => {
        // A WeakRef keeps its target until the turn in which it was made or read is over.
        await turns();
        collect();
        await turns();
        return this.alive <= most;
      },
      { what: () => `the collection of all but ${most}; ${this.alive} of ${this.added} are still held` },
    );
  }
}
