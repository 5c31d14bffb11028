import { createDeferred, type Deferred } from "../async/deferred.ts";

/** Waiting events from which on a queue is full. */
const FULL = 100;

/** What a queue tells whoever fills it. */
export interface EventQueueOwner {
  /** Something was taken; the queue may not be full any more. */
  onTaken(): void;
  /** Nobody will take anything more. */
  onLeft(): void;
}

/** Events between a stream and one loop over it. */
export class EventQueue<Item> implements AsyncIterableIterator<Item> {
  readonly #owner: EventQueueOwner;
  #items: Item[] = [];
  #waiting: Deferred<IteratorResult<Item>>[] = [];
  #isOver = false;
  #error: { reason: unknown } | undefined;

  constructor(owner: EventQueueOwner) {
    this.#owner = owner;
  }

  /** `true` while the loop is so far behind that nothing more should come. */
  get isFull(): boolean {
    return this.#items.length >= FULL;
  }

  push(item: Item): void {
    const waiting = this.#waiting.shift();
    if (waiting) waiting.resolve({ done: false, value: item });
    else if (!this.#isOver) this.#items.push(item);
  }

  /** Ends the loop when it has taken what waits, or at once with `discard`; with `error` it throws then. */
  end({ discard, error }: { discard?: boolean; error?: { reason: unknown } }): void {
    this.#isOver = true;
    if (discard) this.#items = [];
    this.#error = error;
    for (const waiting of this.#waiting.splice(0)) void this.next().then(waiting.resolve, waiting.reject);
  }

  async next(): Promise<IteratorResult<Item>> {
    if (this.#items.length > 0) {
      const value = this.#items.shift() as Item;
      this.#owner.onTaken();
      return { done: false, value };
    }
    if (!this.#isOver) {
      const waiting = createDeferred<IteratorResult<Item>>();
      this.#waiting.push(waiting);
      return await waiting.promise;
    }
    const error = this.#error;
    this.#error = undefined;
    if (error) throw error.reason;
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Item>> {
    if (!this.#isOver || this.#items.length > 0) {
      this.end({ discard: true });
      this.#owner.onLeft();
    }
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
