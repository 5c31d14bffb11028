import type { FrameBatch } from "../delivery/frame-batch.ts";

/** Who writes to a transport, and is told of it. */
export interface TransportOwner {
  /** More may be written. */
  onDrain(): void;
  /** Something that was written is with the kernel, or lost. */
  onSent(): void;
}

/** The way from a connection to its client. */
export interface Transport {
  /** Bytes that were written and that the kernel has not taken yet. */
  readonly pendingBytes: number;
  /** `true` while more must not be written; the owner's `onDrain` tells when that ends. */
  readonly needsDrain: boolean;
  /** What the write that is under way has still to hand to the kernel; shrinks as the client reads. */
  readonly inFlightBytes: number;
  /** Takes its owner; called once, before anything is written. */
  attach(owner: TransportOwner): void;
  /** Hands a piece of the stream over; `bytes` is its length in UTF-8. */
  write(chunk: string | Buffer, bytes: number): void;
  /** Hands over frames that other connections are given too. */
  writeBatch(batch: FrameBatch): void;
  /** Has the owner's `onSent` called when `pendingBytes` becomes less; it may be called without having been asked. */
  watchSent(): void;
  /** Finishes the response in order; `onFlushed` is called when all bytes are with the kernel. */
  end(onFlushed: () => void): void;
  /** Cuts the connection, with whatever still waits. */
  destroy(): void;
}
