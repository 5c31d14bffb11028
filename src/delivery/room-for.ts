import type { PipeSink } from "./pipe.ts";

/** What a frame has beside its data, at most, in bytes. */
const FRAME_BYTES = 1_024;

/**
 * Gives a promise where a producer that can wait has to, before it hands on an event with so much data: so that
 * what is read from history never overflows a client that takes it at a pace of its own.
 */
export function roomFor(sink: PipeSink, data: string): Promise<void> | undefined {
  if (sink.closed) return undefined;
  if (sink.isFull) return sink.whenWritable();
  const buffered = sink.bufferedBytes;
  const isTooMuch = buffered > 0 && buffered + Buffer.byteLength(data) + FRAME_BYTES > sink.maxBufferedBytes;
  return isTooMuch ? sink.whenEmpty() : undefined;
}
