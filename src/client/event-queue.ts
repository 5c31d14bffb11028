import { createDeferred, type Deferred } from "../async/deferred.ts";
import type { StreamStatus } from "./types.ts";

/** Waiting events from which on a queue is full. */
const FULL = 100;

/** Events between a stream and one loop over it. */
export interface EventQueue<Item> {
  /** What the loop runs over. */
  readonly iterator: AsyncIterableIterator<Item>;
  push(item: Item): void;
  /** Gives what to wait for before more is pushed while the loop is too far behind, else `undefined`. */
  room(): Promise<void> | undefined;
  /**
   * Ends the loop as its stream has: at once where that was closed, else when it has taken what waits, and
   * with the error where that failed.
   */
  end(over: { status: StreamStatus; error?: unknown }): void;
}

/** Creates the queue of one loop; `onLeft` is called when the loop is left before its end. */
export function createEventQueue<Item>(onLeft: () => void): EventQueue<Item> {
  const done = { done: true, value: undefined } as const;
  const waiting: Deferred<IteratorResult<Item>>[] = [];
  let items: Item[] = [];
  let room: Deferred<void> | undefined;
  let ending: Parameters<EventQueue<Item>["end"]>[0] | undefined;

  const makeRoom = (): void => {
    if (items.length < FULL) room?.resolve();
  };
  const iterator: AsyncIterableIterator<Item> = {
    async next() {
      if (items.length > 0) {
        const value = items.shift() as Item;
        makeRoom();
        return { done: false, value };
      }
      if (ending) {
        const { status, error } = ending;
        ending = { status: "ended" };
        if (status === "failed") throw error;
        return done;
      }
      const next = createDeferred<IteratorResult<Item>>();
      waiting.push(next);
      return await next.promise;
    },
    async return() {
      const isLeft = !ending;
      end({ status: "closed" });
      if (isLeft) onLeft();
      return done;
    },
    [Symbol.asyncIterator]: () => iterator,
  };
  const end: EventQueue<Item>["end"] = (over) => {
    ending = over;
    if (over.status === "closed") items = [];
    makeRoom();
    for (const next of waiting.splice(0)) iterator.next().then(next.resolve, next.reject);
  };
  return {
    iterator,
    end,
    push(value) {
      const next = waiting.shift();
      if (next) next.resolve({ done: false, value });
      else items.push(value);
    },
    room() {
      if (items.length < FULL) return undefined;
      room = createDeferred();
      return room.promise;
    },
  };
}
