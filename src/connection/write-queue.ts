/** A frame, or several that many connections get alike, with their size in UTF-8 and the events they hold. */
interface Entry {
  chunk: string | Buffer;
  bytes: number;
  events: number;
}

/** Of all queues that are empty, which most are. */
const NONE: never[] = [];

/**
 * Frames that wait to be written, oldest first. Amortised O(1) at both ends: taken frames are only cut off the
 * array when they are half of it.
 */
export class WriteQueue {
  #entries: (Entry | undefined)[] = NONE;
  #head = 0;
  #bytes = 0;

  /** Bytes of all frames. */
  get bytes(): number {
    return this.#bytes;
  }

  push(chunk: string | Buffer, bytes: number, events: number): void {
    if (this.#entries === NONE) this.#entries = [];
    this.#entries.push({ chunk, bytes, events });
    this.#bytes += bytes;
  }

  /** Takes frames off the front in one piece: at least one, and further ones while they fit `limit` bytes. */
  take(limit: number): { chunk: string | Buffer; bytes: number } {
    const chunks: (string | Buffer)[] = [];
    let bytes = 0;
    for (let entry = this.#entries[this.#head]; entry; entry = this.#entries[this.#head]) {
      if (bytes > 0 && bytes + entry.bytes > limit) break;
      chunks.push(entry.chunk);
      bytes += entry.bytes;
      this.#entries[this.#head++] = undefined;
    }
    this.#bytes -= bytes;
    this.#compact();
    return { chunk: joinChunks(chunks), bytes };
  }

  /** Drops the oldest frame and tells what it was; nothing when there is none. */
  drop(): { bytes: number; events: number } {
    const entry = this.#entries[this.#head];
    if (!entry) return { bytes: 0, events: 0 };
    this.#entries[this.#head++] = undefined;
    this.#bytes -= entry.bytes;
    this.#compact();
    return entry;
  }

  clear(): void {
    this.#entries = NONE;
    this.#head = 0;
    this.#bytes = 0;
  }

  #compact(): void {
    if (this.#head === this.#entries.length) {
      this.clear();
    } else if (this.#head > 64 && this.#head * 2 > this.#entries.length) {
      this.#entries.splice(0, this.#head);
      this.#head = 0;
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
