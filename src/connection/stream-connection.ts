// One stream from admission to its end. It exists before the handler runs, so that a client that leaves during
// a guard is noticed, and it is the one place that decides that the stream is over: every wait, timer and
// buffer hangs off `close`.

import type { z } from "zod";

import { startTimer } from "../async/timer.ts";
import { EventValidationError, type CloseReason } from "../errors/stream-errors.ts";
import { suggest } from "../errors/suggest.ts";
import { nextTurn } from "../scope/turn.ts";
import { Unwinder } from "../scope/unwind.ts";
import { formatEndId } from "../wire/end-id.ts";
import { formatComment, formatEnd, formatRetry } from "../wire/event-stream.ts";
import { Output, type OutputOwner } from "./output.ts";
import type { ConnectionSettings } from "./settings.ts";
import type { Transport } from "./transport.ts";
import type { AnyEvents, EventData, EventName, EventObject, PublishOptions } from "../schema/events.ts";
import type { SSEConnection } from "./types.ts";

/** Where a connection writes what nobody is there to catch. */
export interface ConnectionLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What a connection needs from whoever runs it. */
export interface ConnectionHost {
  readonly log: ConnectionLog;
  /** Has the head written; `attach` is to be called with the transport then. */
  commitHead(): void;
  /** The stream is over; called once, with the handler perhaps still running. */
  onClosed(reason: CloseReason): void;
  /** The client has all it will get, or is gone; called once, after `onClosed`. */
  onFinished(): void;
}

/** Endpoints of which an overflow was reported. */
const overflowed = new WeakSet<ConnectionSettings>();

/** The connection behind `ctx.createSSE()`. */
export class StreamConnection implements SSEConnection<AnyEvents>, OutputOwner {
  readonly lastEventId: string | undefined;
  /** Ends the handler after the close. */
  readonly unwinder: Unwinder;
  readonly #settings: ConnectionSettings;
  readonly #host: ConnectionHost;
  readonly #output: Output;
  readonly #onClose = new Set<() => void>();
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
    this.#assertDeclared(events);
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
    if (!this.#send(frame)) return false;
    this.#events++;
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
    if (!this.#output.fits(frame)) return this.#output.whenEmpty();
    this.#output.push(frame);
    this.#events++;
    if (options?.id !== undefined) this.#lastId = String(options.id);
    return undefined;
  }

  event<K extends EventName<AnyEvents>>(
    event: K,
    data: EventData<AnyEvents, K>,
    options?: PublishOptions,
  ): EventObject<K, EventData<AnyEvents, K>> {
    return { ...options, event, data };
  }

  comment(text: string): boolean {
    if (this.#reason !== undefined) return this.#afterClose();
    return this.#send(formatComment(text));
  }

  async flush(): Promise<void> {
    if (this.#reason !== undefined) {
      this.unwinder.check();
      // No wait on a closed stream ends within the same turn, lest a loop of them starves the process.
      await nextTurn();
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
        this.#onClose.delete(settle);
        resolve();
      };
      const timer = startTimer(ms, settle);
      this.#onClose.add(settle);
    });
  }

  /** Resolves when a producer that honours back-pressure may go on: in a later turn, or at the close. */
  whenWritable(): Promise<void> {
    return this.#output.whenLow();
  }

  end(): Promise<void> {
    if (this.#reason === undefined) {
      this.open();
      this.#output.pushLast(formatEnd(formatEndId(this.#settings.endpoint, this.#lastId)));
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
    this.unwinder.arm(reason, () => this.#reportLinger(reason));
    for (const settle of this.#onClose) settle();
    this.#controller?.abort(reason);
    this.#host.onClosed(reason);
    if (reason === "client" || reason === "overflow" || reason === "stalled") this.#finish();
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

  #send(frame: string): boolean {
    const { dropped } = this.#output;
    if (!this.#output.push(frame)) {
      this.#reportOverflow();
      this.close("overflow");
      return false;
    }
    if (dropped === 0 && this.#output.dropped > 0) {
      this.#host.log.warn(
        { endpoint: this.#settings.endpoint, bufferedBytes: this.bufferedBytes },
        "a client is slower than its stream; its oldest unsent events are being dropped",
      );
    }
    return true;
  }

  /** Once for each endpoint: a client that is cut tells nobody, and its browser comes again for ever. */
  #reportOverflow(): void {
    const { endpoint, maxBufferedBytes } = this.#settings;
    if (overflowed.has(this.#settings)) return;
    overflowed.add(this.#settings);
    this.#host.log.warn(
      { endpoint, maxBufferedBytes },
      `${endpoint}: a client was disconnected, because more than ${maxBufferedBytes} bytes waited for it. To publish ` +
        "much at once, yield the events or await sse.flush() between them. This is said once for each endpoint.",
    );
  }

  #afterClose(): false {
    this.unwinder.check();
    return false;
  }

  #refuse(event: string, error: unknown): false {
    if (this.unwinder.isOwnChain()) throw error;
    this.#host.log.error(
      { err: error, endpoint: this.#settings.endpoint, event },
      "an event that does not fit was published outside of the handler; it was not sent",
    );
    return false;
  }

  #reportLinger(reason: CloseReason): void {
    this.#host.log.warn(
      { endpoint: this.#settings.endpoint, reason },
      `${this.#settings.endpoint}: the handler is still running 30 s after its stream was over (${reason}). ` +
        "Pass ctx.signal to what it waits for, or use sse.sleep.",
    );
  }

  #assertDeclared(events: z.ZodObject | undefined): void {
    if (!events) return;
    const { names } = this.#settings.codec;
    for (const name of Object.keys(events.shape)) {
      if (names.includes(name)) continue;
      throw new EventValidationError(
        name,
        [{ path: [], message: `is not in the events of @stream (${names.join(", ")})` }],
        {
          endpoint: this.#settings.endpoint,
          hint: `createSSE takes no events that @stream does not declare.${suggest(name, names)}`,
        },
      );
    }
  }
}
