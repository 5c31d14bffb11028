/**
 * Frames that wait to be written, oldest first, with their size. Amortised O(1) at both ends: taken frames are
 * only cut off the array when they are half of it.
 */
export class WriteQueue {
  #frames: string[] = [];
  #sizes: number[] = [];
  #head = 0;
  #bytes = 0;

  /** Bytes in UTF-8 of all frames. */
  get bytes(): number {
    return this.#bytes;
  }

  push(frame: string, size: number): void {
    this.#frames.push(frame);
    this.#sizes.push(size);
    this.#bytes += size;
  }

  /** Takes frames off the front as one text: at least one, and further ones while they fit `limit` bytes. */
  take(limit: number): { text: string; bytes: number } {
    let text = "";
    let bytes = 0;
    while (this.#head < this.#frames.length) {
      const size = this.#sizes[this.#head] ?? 0;
      if (bytes > 0 && bytes + size > limit) break;
      text += this.#frames[this.#head] ?? "";
      bytes += size;
      this.#head++;
    }
    this.#bytes -= bytes;
    this.#compact();
    return { text, bytes };
  }

  /** Drops the oldest frame. Gives its size, or 0 when there is none. */
  drop(): number {
    if (this.#head >= this.#frames.length) return 0;
    const size = this.#sizes[this.#head] ?? 0;
    this.#frames[this.#head] = "";
    this.#head++;
    this.#bytes -= size;
    this.#compact();
    return size;
  }

  clear(): void {
    this.#frames = [];
    this.#sizes = [];
    this.#head = 0;
    this.#bytes = 0;
  }

  #compact(): void {
    if (this.#head === this.#frames.length) {
      this.clear();
    } else if (this.#head > 64 && this.#head * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#head);
      this.#sizes.splice(0, this.#head);
      this.#head = 0;
    }
  }
}
