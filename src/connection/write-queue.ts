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
  /** What is left of a frame that goes out in pieces. */
  #rest: Buffer | undefined;

  /** Bytes of all that waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is a frame of which nothing was taken yet. */
  get hasWhole(): boolean {
    return this.#head < this.#chunks.length;
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

  /** Puts something before all else, nothing having been taken yet. */
  pushFirst(chunk: string, bytes: number): void {
    this.#chunks.unshift(chunk);
    this.#sizes.unshift(bytes);
    this.#events.unshift(0);
    this.#bytes += bytes;
  }

  /**
   * Takes what is to be written next, in one piece: frames while they fit `limit` bytes, but one at least. A frame of
   * more than `most` bytes is given in pieces of that size, so that a slow client is seen to take them.
   */
  take(limit: number, most: number): { chunk: string | Buffer; bytes: number } {
    if (this.#rest) return this.#takePiece(this.#rest, most);
    const start = this.#head;
    let bytes = 0;
    while (this.#head < this.#chunks.length) {
      const size = this.#sizes[this.#head] ?? 0;
      if (bytes > 0 && bytes + size > limit) break;
      bytes += size;
      this.#head++;
    }
    const chunk = joinChunks(this.#chunks.slice(start, this.#head));
    this.#compact(start);
    if (bytes > most) return this.#takePiece(typeof chunk === "string" ? Buffer.from(chunk) : chunk, most);
    this.#bytes -= bytes;
    return { chunk, bytes };
  }

  /** Drops the oldest frame of which nothing was taken yet, and tells what it was; nothing when there is none. */
  drop(): { bytes: number; events: number } {
    const start = this.#head;
    if (!this.hasWhole) return { bytes: 0, events: 0 };
    const dropped = { bytes: this.#sizes[start] ?? 0, events: this.#events[start] ?? 0 };
    this.#head++;
    this.#bytes -= dropped.bytes;
    this.#compact(start);
    return dropped;
  }

  #takePiece(frame: Buffer, most: number): { chunk: Buffer; bytes: number } {
    const chunk = frame.subarray(0, most);
    this.#rest = frame.length > most ? frame.subarray(most) : undefined;
    this.#bytes -= chunk.length;
    return { chunk, bytes: chunk.length };
  }

  /** Lets go of what was taken from `start` on. */
  #compact(start: number): void {
    if (this.#head === this.#chunks.length) {
      this.#chunks = this.#sizes = this.#events = NONE;
      this.#head = 0;
    } else if (this.#head > 64 && this.#head * 2 > this.#chunks.length) {
      for (const array of [this.#chunks, this.#sizes, this.#events]) array.splice(0, this.#head);
      this.#head = 0;
    } else {
      this.#chunks.fill("", start, this.#head);
    }
  }
}

/** Puts chunks together. One alone stays as it is, so that shared bytes are not copied. */
function joinChunks(chunks: readonly (string | Buffer)[]): string | Buffer {
  const [first = ""] = chunks;
  if (chunks.length <= 1) return first;
  if (chunks.every((chunk) => typeof chunk === "string")) return chunks.join("");
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk)));
}
