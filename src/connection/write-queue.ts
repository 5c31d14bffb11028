/** What waits as one; it may hold several frames that many connections get alike. */
interface Entry {
  readonly chunk: string | Buffer;
  /** In UTF-8. */
  readonly bytes: number;
  readonly events: number;
  next: Entry | undefined;
}

/** Frames that wait to be written, oldest first. A list, since most queues have one frame or two and are empty then. */
export class WriteQueue {
  #first: Entry | undefined;
  #last: Entry | undefined;
  #bytes = 0;
  /** What is left of a frame that goes out in pieces. */
  #rest: Buffer | undefined;

  /** Bytes of all that waits. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether there is a frame of which nothing was taken yet. */
  get hasWhole(): boolean {
    return this.#first !== undefined;
  }

  push(chunk: string | Buffer, bytes: number, events: number): void {
    const entry: Entry = { chunk, bytes, events, next: undefined };
    if (this.#last) this.#last.next = entry;
    else this.#first = entry;
    this.#last = entry;
    this.#bytes += bytes;
  }

  /** Puts something before all else, nothing having been taken yet. */
  pushFirst(chunk: string, bytes: number): void {
    this.#first = { chunk, bytes, events: 0, next: this.#first };
    this.#last ??= this.#first;
    this.#bytes += bytes;
  }

  /**
   * Takes what is to be written next, in one piece: frames while they fit `limit` bytes, but one at least. A frame of
   * more than `most` bytes is given in pieces of that size, so that a slow client is seen to take them.
   */
  take(limit: number, most: number): { chunk: string | Buffer; bytes: number } {
    if (this.#rest) return this.#takePiece(this.#rest, most);
    const first = this.#first;
    if (!first) return { chunk: "", bytes: 0 };
    let { chunk, bytes, next } = first;
    if (next && bytes + next.bytes <= limit) {
      const chunks = [chunk];
      for (; next && bytes + next.bytes <= limit; next = next.next) {
        chunks.push(next.chunk);
        bytes += next.bytes;
      }
      chunk = joinChunks(chunks);
    }
    this.#cut(next);
    if (bytes > most) return this.#takePiece(typeof chunk === "string" ? Buffer.from(chunk) : chunk, most);
    this.#bytes -= bytes;
    return { chunk, bytes };
  }

  /** Drops the oldest frame of which nothing was taken yet, and tells what it was; nothing when there is none. */
  drop(): { bytes: number; events: number } {
    const first = this.#first;
    if (!first) return { bytes: 0, events: 0 };
    this.#cut(first.next);
    this.#bytes -= first.bytes;
    return first;
  }

  #takePiece(frame: Buffer, most: number): { chunk: Buffer; bytes: number } {
    const chunk = frame.subarray(0, most);
    this.#rest = frame.length > most ? frame.subarray(most) : undefined;
    this.#bytes -= chunk.length;
    return { chunk, bytes: chunk.length };
  }

  /** Lets go of what comes before an entry. */
  #cut(first: Entry | undefined): void {
    this.#first = first;
    if (!first) this.#last = undefined;
  }
}

function joinChunks(chunks: readonly (string | Buffer)[]): string | Buffer {
  if (chunks.every((chunk) => typeof chunk === "string")) return chunks.join("");
  return Buffer.concat(chunks.map((chunk) => (typeof chunk === "string" ? Buffer.from(chunk) : chunk)));
}
