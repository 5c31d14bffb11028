// One stream from admission to its end. It exists before the handler runs, so that a client that leaves during
// a guard is noticed, and it is the one place that decides that the stream is over: every wait, timer and
// buffer hangs off `close`.

import type { z } from "zod";

import { startTimer } from "../async/timer.ts";
import type { FrameBatch } from "../delivery/frame-batch.ts";
import type { PipeOptions, PipeSink, PipeSource, SinkLog, SinkSource } from "../delivery/pipe.ts";
import type { CloseReason } from "../errors/stream-errors.ts";
import { nextTurn } from "../scope/turn.ts";
import { Unwinder } from "../scope/unwind.ts";
import { formatEndId } from "../wire/end-id.ts";
import { formatComment, formatEnd, formatRetry } from "../wire/event-stream.ts";
import { assertDeclared } from "./assert-declared.ts";
import { Output, type OutputOwner } from "./output.ts";
import { reportDrops, reportLinger, reportOverflow, reportRefused } from "./reports.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Transport } from "./transport.ts";
import type { AnyEvents, EventData, EventName, EventObject, PublishOptions } from "../schema/events.ts";
import type { SSEConnection } from "./types.ts";

/** What a connection needs from whoever runs it. */
export interface ConnectionHost {
  readonly log: SinkLog;
  /** Has the head written; `attach` is to be called with the transport then. */
  commitHead(): void;
  /** The stream is over; called once, with the handler perhaps still running. */
  onClosed(reason: CloseReason): void;
  /** The client has all it will get, or is gone; called once, after `onClosed`. */
  onFinished(): void;
}

const NO_OPTIONS: PipeOptions = {};
const NO_LISTENERS: readonly (() => void)[] = [];

/** The connection behind `ctx.createSSE()`. */
export class StreamConnection implements SSEConnection<AnyEvents>, OutputOwner, PipeSink {
  readonly lastEventId: string | undefined;
  /** @internal What feeds it, if it is piped. */
  source: SinkSource | undefined;
  /** Ends the handler after the close. */
  readonly unwinder: Unwinder;
  readonly #settings: ConnectionSettings;
  readonly #host: ConnectionHost;
  readonly #output: Output;
  /** Copied when one comes: a set, or an array that grows, has room for more than a stream ever has. */
  #onClose: readonly (() => void)[] = NO_LISTENERS;
  #controller: AbortController | undefined;
  #reason: CloseReason | undefined;
  #lastId: string;
  #events = 0;
  #isOpen = false;
  #finished = false;
  #flushed: Promise<void> | undefined;
  #resolveFlushed: (() => void) | undefined;

  constructor(settings: ConnectionSettings, host: ConnectionHost, lastEventId: string | undefined) {
    this.#settings = settings;
    this.#host = host;
    this.lastEventId = lastEventId;
    this.#lastId = lastEventId ?? "";
    this.unwinder = new Unwinder(settings.endpoint);
    this.#output = new Output(this, settings);
  }

  /** `ClassName.methodName`. */
  get endpoint(): string {
    return this.#settings.endpoint;
  }

  /** Why the stream is over; `undefined` while it is not. */
  get reason(): CloseReason | undefined {
    return this.#reason;
  }

  /** `true` once `createSSE` was called. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** `true` from the moment at which an error can no longer be an ordinary HTTP error. */
  get committed(): boolean {
    return this.#output.committed;
  }

  /** Events that were taken for sending. */
  get events(): number {
    return this.#events;
  }

  /** Bytes that were written. */
  get bytes(): number {
    return this.#output.bytes;
  }

  get closed(): boolean {
    return this.#reason !== undefined;
  }

  get bufferedBytes(): number {
    return this.#output.bufferedBytes;
  }

  /** `true` while a producer that honours back-pressure should wait for `flush`. */
  get isFull(): boolean {
    return this.#output.isFull;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /**
   * Opens the stream: the head goes out at the end of this turn. May be called again; the schema given, if
   * any, must not name other events than the endpoint's.
   *
   * @throws EventValidationError if it does.
   */
  open(events?: z.ZodObject): this {
    if (events) assertDeclared(events, this.#settings);
    if (!this.#isOpen) {
      this.#isOpen = true;
      if (!this.closed) this.#output.schedule();
    }
    return this;
  }

  publish(event: string, data: unknown, options?: PublishOptions): boolean {
    if (this.#reason !== undefined) return this.#afterClose();
    let frame: string;
    try {
      frame = this.#settings.codec.encode(event, data, options);
    } catch (error) {
      return this.#refuse(event, error);
    }
    if (!this.#send(frame, 1)) return false;
    if (options?.id !== undefined) this.#lastId = String(options.id);
    return true;
  }

  /**
   * Takes an event of a producer that honours back-pressure. Gives a promise where it has to wait before it
   * offers the event again, because it does not fit yet.
   *
   * @throws EventValidationError like `publish`.
   */
  offer(event: string, data: unknown, options?: PublishOptions): Promise<void> | undefined {
    if (this.closed) return undefined;
    const frame = this.#settings.codec.encode(event, data, options);
    if (!this.#output.offer(frame)) return this.#output.whenEmpty();
    this.#events++;
    if (options?.id !== undefined) this.#lastId = String(options.id);
    return undefined;
  }

  event<K extends EventName<AnyEvents>>(
    event: K,
    data: EventData<AnyEvents, K>,
    options?: PublishOptions,
  ): EventObject<K, EventData<AnyEvents, K>> {
    // Written out, since spreading options costs more than all else that is done with an event.
    if (options === undefined) return { event, data };
    const { id, retry } = options;
    if (retry !== undefined) return id === undefined ? { event, data, retry } : { event, data, id, retry };
    return id === undefined ? { event, data } : { event, data, id };
  }

  comment(text: string): boolean {
    if (this.#reason !== undefined) return this.#afterClose();
    return this.#send(formatComment(text), 0);
  }

  // Not async, so that nothing of it is kept for as long as the stream is piped.
  pipe(...args: readonly (PipeSource | PipeOptions)[]): Promise<void> {
    if (this.#reason !== undefined) return this.#waitAfterClose();
    const last = args.at(-1);
    const options = isOptions(last) ? last : undefined;
    const sources = (options ? args.slice(0, -1) : args) as readonly PipeSource[];
    return this.#settings.pipe(this, sources, options ?? NO_OPTIONS);
  }

  async flush(): Promise<void> {
    if (this.#reason !== undefined) {
      await this.#waitAfterClose();
    } else if (!this.#output.isLow) {
      await this.#output.whenLow();
    }
  }

  async sleep(ms: number): Promise<void> {
    if (this.#reason !== undefined) {
      // Where nothing is thrown, a loop that comes here again must not be made to spin by an early end.
      if (this.unwinder.check() === "first") await nextTurn();
      else await new Promise<void>((resolve) => startTimer(ms, resolve, { background: true }));
      return;
    }
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        timer.clear();
        forget();
        resolve();
      };
      const timer = startTimer(ms, settle);
      const forget = this.onClose(settle);
    });
  }

  /** Resolves when a producer that honours back-pressure may go on: in a later turn, or at the close. */
  whenWritable(): Promise<void> {
    return this.#output.whenLow();
  }

  /** Resolves when nothing waits for the client: in a later turn, or at the close. */
  whenEmpty(): Promise<void> {
    return this.#output.whenEmpty();
  }

  end(): Promise<void> {
    if (this.#reason === undefined) {
      this.open();
      this.#output.pushLast(
        formatEnd(formatEndId(this.#settings.endpoint, this.source?.currentId() || this.#lastId)),
      );
      this.close("ended");
    }
    return this.#reason === "ended" ? this.whenFinished() : Promise.resolve();
  }

  /** Resolves when the client has all it will get, or is gone. */
  whenFinished(): Promise<void> {
    if (this.#finished) return Promise.resolve();
    this.#flushed ??= new Promise((resolve) => {
      this.#resolveFlushed = resolve;
    });
    return this.#flushed;
  }

  /**
   * Ends the stream for a reason; only the first one counts. What waits is still sent, except to a client that
   * is gone, too slow or stalled. `farewellRetryMs` is the reconnection time to leave the client with.
   */
  close(reason: CloseReason, farewellRetryMs?: number): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    if (reason === "client") {
      this.#output.stop();
    } else if (reason === "overflow" || reason === "stalled") {
      this.#output.cut();
    } else if (this.#isOpen && !this.#output.stopped) {
      if (farewellRetryMs !== undefined) this.#output.pushLast(formatRetry(farewellRetryMs));
      this.#output.finish();
      this.#output.settle();
    }
    this.unwinder.arm(reason, () => reportLinger(this.#host.log, this.#settings.endpoint, reason));
    const listeners = this.#onClose;
    this.#onClose = NO_LISTENERS;
    for (const settle of listeners) settle();
    this.source?.onClose();
    this.#controller?.abort(reason);
    this.#host.onClosed(reason);
    if (reason === "client" || reason === "overflow" || reason === "stalled") this.#finish();
  }

  /** @internal For what feeds the stream, as the rest of `PipeSink`. */
  get log(): SinkLog {
    return this.#host.log;
  }

  get eventNames(): readonly string[] {
    return this.#settings.codec.names;
  }

  get maxBufferedBytes(): number {
    return this.#settings.maxBufferedBytes;
  }

  pushBatch(batch: FrameBatch): boolean {
    if (this.#reason !== undefined) return false;
    const { dropped } = this.#output;
    if (!this.#output.pushBatch(batch)) return this.#closeOverflowing();
    this.#events += batch.frames.length;
    return this.#noteDrops(dropped);
  }

  pushFrame(frame: string, events: number): boolean {
    return this.#reason === undefined && this.#send(frame, events);
  }

  onClose(listener: () => void): () => void {
    if (this.#reason === undefined) this.#onClose = this.#onClose.concat(listener);
    else listener();
    return () => {
      this.#onClose = this.#onClose.filter((each) => each !== listener);
    };
  }

  overflow(): void {
    if (this.#reason === undefined) this.#closeOverflowing();
  }

  holdHead(): () => void {
    return this.#output.hold();
  }

  /** Gives a stream up whose head has not gone out, because an HTTP error is answered instead. */
  abandon(): void {
    this.#output.stop();
    this.close("error");
    this.#finish();
  }

  /** Takes the transport, the head being written. */
  attach(transport: Transport): void {
    this.#output.attach(transport);
  }

  /** Notes that the client has gone, or that the response is done. */
  gone(): void {
    this.close("client");
    this.#output.stop();
    this.#finish();
  }

  /** Cuts a stream that is over but not yet flushed. */
  cut(): void {
    this.#output.cut();
    this.#finish();
  }

  /** @internal Called by the output. */
  commitHead(): void {
    this.#host.commitHead();
  }

  /** @internal Called by the output. */
  onStall(): void {
    if (this.closed) this.cut();
    else this.close("stalled");
  }

  /** @internal Called by the output. */
  onFlushed(): void {
    this.#output.stop();
    this.#finish();
  }

  #finish(): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#resolveFlushed?.();
    this.#host.onFinished();
  }

  #send(frame: string, events: number): boolean {
    const { dropped } = this.#output;
    if (!this.#output.push(frame, events)) return this.#closeOverflowing();
    this.#events += events;
    return this.#noteDrops(dropped);
  }

  #noteDrops(before: number): true {
    if (before === 0 && this.#output.dropped > 0) {
      reportDrops(this.#host.log, this.#settings.endpoint, this.bufferedBytes);
    }
    return true;
  }

  #closeOverflowing(): false {
    reportOverflow(this.#host.log, this.#settings);
    this.close("overflow");
    return false;
  }

  /** No wait on a closed stream ends within the same turn, lest a loop of them starves the process. */
  async #waitAfterClose(): Promise<void> {
    this.unwinder.check();
    await nextTurn();
  }

  #afterClose(): false {
    this.unwinder.check();
    return false;
  }

  #refuse(event: string, error: unknown): false {
    if (this.unwinder.isOwnChain()) throw error;
    reportRefused(this.#host.log, this.#settings.endpoint, event, error);
    return false;
  }
}

/** Options are a plain object, which no source is. */
function isOptions(value: unknown): value is PipeOptions {
  return value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype;
}
