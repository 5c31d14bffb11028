/**
 * Frames that go to many connections alike: framed once, turned into bytes once, and every connection is given
 * the same bytes.
 */
export class FrameBatch {
  /** The frames one by one, for a connection that can't take all of them. */
  readonly frames: readonly string[];
  #bytes: Buffer | undefined;
  #chunk: Buffer | undefined;

  /** @param frames At least one. */
  constructor(frames: readonly string[]) {
    this.frames = frames;
  }

  /** All frames in UTF-8. Nobody may write into it. */
  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(this.frames.join("")));
  }

  /** The same as one chunk of HTTP/1.1's chunked coding (RFC 9112, 7.1). Nobody may write into it. */
  get chunk(): Buffer {
    if (!this.#chunk) {
      const text = this.frames.join("");
      const size = Buffer.byteLength(text);
      const start = `${size.toString(16)}\r\n`;
      this.#chunk = Buffer.from(`${start}${text}\r\n`);
      this.#bytes ??= this.#chunk.subarray(start.length, start.length + size);
    }
    return this.#chunk;
  }
}
