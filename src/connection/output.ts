// Moves frames of one stream to its client: collects what one turn publishes, writes it in one piece, waits
// while the client is slow, keeps the stream from falling silent and notices when it has stalled.
//
// An idle stream holds this for as long as it lasts, so what it needs only sometimes is made when it does.

import { KEEP_ALIVE_FRAME } from "../wire/event-stream.ts";
import { flushAtEndOfTurn, type Flushable } from "../delivery/flush-turn.ts";
import type { FrameBatch } from "../delivery/frame-batch.ts";
import { HeadHold } from "./head-hold.ts";
import { IdleEntry, touchIdle, unwatchIdle } from "./idle-clock.ts";
import { openingOf } from "./opening.ts";
import { nextTurn } from "../scope/turn.ts";
import type { ConnectionSettings } from "./settings.ts";
import { StallWatch, type StallOwner } from "./stall-watch.ts";
import type { Transport, TransportOwner } from "./transport.ts";
import { WriteQueue } from "./write-queue.ts";

/** Most bytes that go out in one write, unless one frame alone is larger. */
const BATCH_BYTES = 65_536;
/**
 * A producer that honours back-pressure pauses above the one mark and goes on at the other; under a small
 * limit they are a half and an eighth of it.
 */
const HIGH_MARK_BYTES = 65_536;
const LOW_MARK_BYTES = 16_384;

/** How far an output has come; in this order. */
const HEAD_WAITS = 0;
/** The head can no longer become an HTTP error. */
const COMMITTED = 1;
/** What is left is written, and then the response is finished. */
const FINISHING = 2;
/** The transport was told to end. */
const ENDED = 3;

/** Shared by all outputs that nobody waits for. */
const NOBODY: never[] = [];

/** What an output tells its connection. */
export interface OutputOwner {
  /** The head has to go out now; `attach` follows. */
  commitHead(): void;
  /** No byte has moved for `stallTimeout`. */
  onStall(): void;
  /** All is with the kernel after `finish`. */
  onFlushed(): void;
}

/** The sending side of one stream. What is watched for idleness is whether anything is sent, for keep-alives. */
export class Output extends IdleEntry implements Flushable, StallOwner, TransportOwner {
  readonly #owner: OutputOwner;
  readonly #settings: ConnectionSettings;
  /** While something waits, be it for the end of the turn. */
  #queue: WriteQueue | undefined;
  #transport: Transport | undefined;
  /** While something is on its way. */
  #stall: StallWatch | undefined;
  #written = 0;
  /** Bytes that were on their way when that was last looked at. */
  #pending = 0;
  #waiters: { bytes: number; resolve: () => void }[] = NOBODY;
  #scheduled = false;
  /** While the head is kept back, unless there is something to send with it. */
  #hold: HeadHold | undefined;
  #phase = HEAD_WAITS;
  #stopped = false;
  #dropped = 0;

  constructor(owner: OutputOwner, settings: ConnectionSettings) {
    super();
    this.#owner = owner;
    this.#settings = settings;
  }

  /** Bytes that were written. */
  get bytes(): number {
    return this.#written;
  }

  /** Events that were dropped because the client was too slow. */
  get dropped(): number {
    return this.#dropped;
  }

  /** `true` once nothing is sent any more. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** `true` from the moment at which the head can no longer become an HTTP error. */
  get committed(): boolean {
    return this.#phase !== HEAD_WAITS;
  }

  /** Bytes that wait here and in Node's own buffers. */
  get bufferedBytes(): number {
    return this.#queuedBytes + (this.#transport?.pendingBytes ?? 0);
  }

  get #queuedBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  /** `true` while a producer that honours back-pressure should pause. */
  get isFull(): boolean {
    // What is on its way has only become less since it was last looked at.
    if (this.#queuedBytes + this.#pending <= this.#quickLimit) return false;
    return this.bufferedBytes > Math.min(HIGH_MARK_BYTES, this.#settings.maxBufferedBytes / 2);
  }

  /** `true` when no more than the low mark waits. */
  get isLow(): boolean {
    return this.bufferedBytes <= this.#lowMark;
  }

  /** What fits for certain, without a look at the socket. */
  get #quickLimit(): number {
    return Math.min(BATCH_BYTES, this.#settings.maxBufferedBytes) / 2;
  }

  get #lowMark(): number {
    return Math.min(LOW_MARK_BYTES, this.#settings.maxBufferedBytes / 8);
  }

  /** Takes a frame if that can be without anything being dropped or closed; else gives `false`. */
  offer(frame: string): boolean {
    const size = Buffer.byteLength(frame);
    if (this.#pushQuickly(frame, size, 1)) return true;
    const buffered = this.bufferedBytes;
    if (buffered > 0 && buffered + size > this.#settings.maxBufferedBytes) return false;
    return this.#push(frame, size, 1);
  }

  /**
   * Takes a frame. Gives `false` when it does not fit and the policy is to close. Under `drop` the oldest
   * unsent frames make room, and where bytes already on their way leave none, the frame itself is dropped.
   */
  push(frame: string, events = 1): boolean {
    return this.#push(frame, Buffer.byteLength(frame), events);
  }

  /** Takes frames that others get too, as `push` does each of them. */
  pushBatch(batch: FrameBatch): boolean {
    const { bytes, frames } = batch;
    const transport = this.#transport;
    const isIdle = !this.#scheduled && this.#queuedBytes === 0 && !this.#stopped && this.#phase === COMMITTED;
    const isTaken = frames.length === 1 || bytes.length <= this.#settings.maxBufferedBytes;
    if (isIdle && isTaken && transport?.pendingBytes === 0) {
      // Nothing waits, so it need not wait for the end of the turn, which is when batches come.
      transport.writeBatch(batch);
      this.#noteWritten(transport, bytes.length);
      return true;
    }
    if (this.bufferedBytes + bytes.length > this.#settings.maxBufferedBytes) {
      return frames.every((frame) => this.push(frame));
    }
    return this.#push(bytes, bytes.length, frames.length);
  }

  /** Takes a frame whatever waits already: for the few that end a stream. */
  pushLast(frame: string): void {
    this.#enqueue(frame, Buffer.byteLength(frame), 0);
  }

  /** Has the head, and what there is to write, go out at the end of this turn. */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    flushAtEndOfTurn(this);
  }

  /** Keeps the head back while there is nothing to send with it; gives what lets it go, to be called at any time. */
  hold(): () => void {
    this.#hold ??= new HeadHold(() => {
      this.#hold = undefined;
      this.schedule();
    });
    return this.#hold.add();
  }

  /** Has the head go out now. */
  commit(): void {
    if (this.committed || this.#stopped) return;
    this.#phase = COMMITTED;
    this.#owner.commitHead();
  }

  /** Begins to write, the head being out. */
  attach(transport: Transport): void {
    if (this.#stopped) {
      transport.destroy();
      return;
    }
    this.#transport = transport;
    transport.attach(this);
    const opening = openingOf(this.#settings);
    this.#queue ??= new WriteQueue();
    this.#queue.pushFirst(opening, Buffer.byteLength(opening));
    // Written whatever the transport says, since only a write has it tell when there is room again.
    this.#noteWritten(transport, this.#writeNext(transport, this.#queue));
    this.#write();
  }

  /** @internal Called by the transport. */
  onDrain(): void {
    this.schedule();
  }

  /** @internal Called by the transport. Below Node's own mark no drain tells that what waits has become less. */
  onSent(): void {
    if (this.#waiters.length > 0) this.schedule();
    else if (this.#stall && this.#transport && !this.#stopped) this.#watchProgress(this.#transport);
  }

  /** @internal Called by the flush at the end of a turn. */
  flushTurn(): void {
    this.#scheduled = false;
    if (this.#stopped) return;
    if (this.#hold && !this.committed && !this.#hasMore) {
      this.#hold.start();
      return;
    }
    this.commit();
    this.#write();
  }

  /** Resolves when no more than the low mark waits, or when the output stops. Never within the same turn. */
  whenLow(): Promise<void> {
    return this.#whenAtMost(this.#lowMark);
  }

  /** Resolves when nothing waits, or when the output stops. Never within the same turn. */
  whenEmpty(): Promise<void> {
    return this.#whenAtMost(0);
  }

  /** Lets all waits go that need no more than `bytes` to wait; by default all. */
  settle(bytes = 0): void {
    const waiters = this.#waiters;
    if (waiters.length === 0) return;
    this.#waiters = waiters.filter((waiter) => waiter.bytes < bytes);
    for (const waiter of waiters) if (waiter.bytes >= bytes) waiter.resolve();
  }

  /** Writes what is left and finishes the response; `onFlushed` of the owner tells when that is done. */
  finish(): void {
    this.commit();
    this.#phase = FINISHING;
    this.#write();
  }

  /** Stops for good: nothing is written any more, nothing is watched, no wait is left. */
  stop(): void {
    this.#stopped = true;
    this.#queue = undefined;
    unwatchIdle(this);
    this.#stall?.stop();
    this.#hold?.stop();
    this.settle();
  }

  /** Cuts the connection. */
  cut(): void {
    this.stop();
    this.#transport?.destroy();
  }

  override get periodMs(): number {
    return this.#settings.keepAliveMs || 0;
  }

  /** @internal Called by the clock. */
  override onIdle(): void {
    const transport = this.#transport;
    if (!transport || this.#phase !== COMMITTED || this.bufferedBytes > 0) return;
    transport.write(KEEP_ALIVE_FRAME, KEEP_ALIVE_FRAME.length);
    this.#noteWritten(transport, KEEP_ALIVE_FRAME.length);
  }

  /** @internal For the watch, as the rest of `StallOwner`. */
  get isEnding(): boolean {
    return this.#phase === ENDED;
  }

  onStall(): void {
    this.#owner.onStall();
  }

  onSettled(): void {
    this.#stall = undefined;
  }

  /** Takes what certainly fits, without a look at the socket. */
  #pushQuickly(chunk: string | Buffer, size: number, events: number): boolean {
    if (this.#queuedBytes + size + this.#pending > this.#quickLimit) return false;
    this.#enqueue(chunk, size, events);
    return true;
  }

  #push(chunk: string | Buffer, size: number, events: number): boolean {
    if (this.#pushQuickly(chunk, size, events)) return true;
    const wasEmpty = this.bufferedBytes === 0;
    if (this.#queuedBytes + size > BATCH_BYTES) this.#makeWay(size);
    const { maxBufferedBytes, overflow } = this.#settings;
    let room = maxBufferedBytes - this.bufferedBytes - size;
    if (room < 0 && !wasEmpty && this.bufferedBytes > 0) {
      if (overflow === "close") return false;
      while (room < 0 && this.#queue?.hasWhole) {
        const dropped = this.#queue.drop();
        room += dropped.bytes;
        this.#dropped += dropped.events;
      }
      if (room < 0 && this.bufferedBytes > 0) {
        this.#dropped += events;
        return true;
      }
    }
    this.#enqueue(chunk, size, events);
    return true;
  }

  #enqueue(chunk: string | Buffer, size: number, events: number): void {
    if (this.#stopped) return;
    this.#queue ??= new WriteQueue();
    this.#queue.push(chunk, size, events);
    this.schedule();
  }

  /** Before a frame is refused, or much waits: writes as much as Node's buffers take within this turn. */
  #makeWay(size: number): void {
    if (this.bufferedBytes + size > this.#settings.maxBufferedBytes) this.commit();
    this.#write();
  }

  #write(): void {
    const transport = this.#transport;
    if (!transport) return;
    let written = 0;
    while (this.#queue && this.#hasMore && !transport.needsDrain) {
      written += this.#writeNext(transport, this.#queue);
    }
    if (written > 0) this.#noteWritten(transport, written);
    else this.#watchProgress(transport);
    if (this.#waiters.length > 0) {
      this.settle(this.bufferedBytes);
      if (this.#waiters.length > 0) transport.watchSent();
    }
    if (this.#hasMore) return;
    this.#queue = undefined;
    if (this.#phase === FINISHING) this.#finishTransport(transport);
  }

  /** Writes one piece and gives its length. */
  #writeNext(transport: Transport, queue: WriteQueue): number {
    const { chunk, bytes } = queue.take(this.#batchLimit, BATCH_BYTES);
    transport.write(chunk, bytes);
    return bytes;
  }

  get #hasMore(): boolean {
    return this.#queuedBytes > 0;
  }

  #noteWritten(transport: Transport, bytes: number): void {
    this.#written += bytes;
    if (this.#settings.keepAliveMs !== false) touchIdle(this);
    this.#watchProgress(transport);
  }

  #whenAtMost(bytes: number): Promise<void> {
    if (this.#stopped) return nextTurn();
    return new Promise((resolve) => {
      this.#waiters = [...this.#waiters, { bytes, resolve }];
      this.schedule();
    });
  }

  /** Bytes on their way cannot be dropped, so under a small limit they are kept to half of it. */
  get #batchLimit(): number {
    return Math.min(BATCH_BYTES, Math.ceil(this.#settings.maxBufferedBytes / 2));
  }

  #finishTransport(transport: Transport): void {
    this.#phase = ENDED;
    unwatchIdle(this);
    transport.end(() => this.#owner.onFlushed());
    if (!this.#stopped) this.#watchProgress(transport);
  }

  #watchProgress(transport: Transport): void {
    this.#pending = transport.pendingBytes;
    if (this.#pending > 0 || this.isEnding) {
      this.#stall ??= new StallWatch(this, transport, this.#settings.stallTimeoutMs);
    } else if (this.#stall) {
      this.#stall.stop();
      this.#stall = undefined;
    }
  }
}
