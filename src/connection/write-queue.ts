/** Of all queues that are empty, which most are. */
const NONE: never[] = [];

/**
 * Frames that wait to be written, oldest first; an entry may hold several that many connections get alike. Amortised
 * O(1) at both ends: taken frames are only cut off the arrays when they are half of them.
 */
export class WriteQueue {
  #chunks: (string | Buffer)[] = NONE;
  /** Bytes in UTF-8, and events, of each chunk. */
  #sizes: number[] = NONE;
  #events: number[] = NONE;
  #head = 0;
  #bytes = 0;

  /** Bytes of all frames. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: string | Buffer, bytes: number, events: number): void {
    if (this.#chunks === NONE) {
      this.#chunks = [];
      this.#sizes = [];
      this.#events = [];
    }
    this.#chunks.push(chunk);
    this.#sizes.push(bytes);
    this.#events.push(events);
    this.#bytes += bytes;
  }

  /** Takes frames off the front in one piece: at least one, and further ones while they fit `limit` bytes. */
  take(limit: number): { chunk: string | Buffer; bytes: number } {
    const start = this.#head;
    let bytes = 0;
    while (this.#head < this.#chunks.length) {
      const size = this.#sizes[this.#head] ?? 0;
      if (bytes > 0 && bytes + size > limit) break;
      bytes += size;
      this.#head++;
    }
    const chunk = joinChunks(this.#chunks.slice(start, this.#head));
    this.#bytes -= bytes;
    this.#compact(start);
    return { chunk, bytes };
  }

  /** Drops the oldest frame and tells what it was; nothing when there is none. */
  drop(): { bytes: number; events: number } {
    const start = this.#head;
    if (start === this.#chunks.length) return { bytes: 0, events: 0 };
    const dropped = { bytes: this.#sizes[start] ?? 0, events: this.#events[start] ?? 0 };
    this.#head++;
    this.#bytes -= dropped.bytes;
    this.#compact(start);
    return dropped;
  }

  clear(): void {
    this.#chunks = this.#sizes = this.#events = NONE;
    this.#head = 0;
    this.#bytes = 0;
  }

  /** Lets go of what was taken from `start` on. */
  #compact(start: number): void {
    if (this.#head === this.#chunks.length) {
      this.clear();
    } else if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
      for (const array of [this.#chunks, this.#sizes, this.#events]) array.splice(0, this.#head);
      this.#head = 0;
    } else {
      this.#chunks.fill("", start, this.#head);
    }
  }
}

/** Puts chunks together. One alone stays as it is, so that shared bytes are not copied. */
export function joinChunks(chunks: readonly (string | Buffer)[]): string | Buffer {
  const [first = ""] = chunks;
  if (chunks.length <= 1) return first;
  if (chunks.every((chunk) => typeof chunk === "string")) return chunks.join("");
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk)));
}
