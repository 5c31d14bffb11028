/**
 * Frames that go to many connections alike: framed once, turned into bytes once, and every connection is given
 * the same bytes.
 */
export class FrameBatch {
  /** The frames one by one, for a connection that can't take all of them. */
  readonly frames: readonly string[];
  #bytes: Buffer | undefined;

  /** @param frames At least one. */
  constructor(frames: readonly string[]) {
    this.frames = frames;
  }

  /** All frames in UTF-8. Nobody may write into it. */
  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(this.frames.join("")));
  }
}
