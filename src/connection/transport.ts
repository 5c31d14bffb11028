/** The way from a connection to its client. */
export interface Transport {
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /** `true` while more must not be written; `onDrain` is called when that ends. */
  readonly needsDrain: boolean;
  /** What the write that is under way has still to hand to the kernel; shrinks as the client reads. */
  readonly inFlightBytes: number;
  /** Called whenever `needsDrain` turns false again. */
  onDrain: (() => void) | undefined;
  /** Hands a piece of the stream over; `onSent` is called when it is with the kernel, or lost. */
  write(chunk: string | Buffer, onSent: () => void): void;
  /** Finishes the response in order; `onFlushed` is called when all bytes are with the kernel. */
  end(onFlushed: () => void): void;
  /** Cuts the connection, with whatever still waits. */
  destroy(): void;
}
