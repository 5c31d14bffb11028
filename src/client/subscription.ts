// A live stream as its user has it. Consumers hang on it in three ways: handlers by event name, loops with a
// queue each, and handlers of the status. What any of them throws reaches none of the others.

import { SubscriptionClosedError } from "../errors/client-errors.ts";
import type { StreamedEvent } from "../wire/event-stream-reader.ts";
import { GAP_EVENT } from "../wire/event-stream.ts";
import { own, revive } from "../wire/revive.ts";
import { createEventQueue, type EventQueue } from "./event-queue.ts";
import { reportUncaught } from "./globals.ts";
import { LiveStream, type LiveStreamOptions } from "./live-stream.ts";
import { parseJSON } from "./request.ts";
import type {
  EventData,
  EventName,
  ReceivedEvent,
  StreamEndpoint,
  StreamStatus,
  StreamSubscription,
} from "./types.ts";

type Received<Events extends object> = ReceivedEvent<Events, EventName<Events>>;
type Handler<Events extends object> = (received: Received<Events>) => void;

/** The stream behind a method of the api. */
export class Subscription<Events extends object> extends LiveStream implements StreamSubscription<Events> {
  readonly #handlers = new Map<string, Set<Handler<Events>>>();
  readonly #statusHandlers = new Set<() => void>();
  readonly #queues = new Set<EventQueue<Received<Events>>>();
  readonly #endpoint: StreamEndpoint;

  constructor(endpoint: StreamEndpoint, stream: LiveStreamOptions) {
    super(stream);
    this.#endpoint = endpoint;
    if (stream.call.signal?.aborted) this.close();
  }

  on<Name extends EventName<Events>>(
    event: Name,
    handler: (data: EventData<Events, Name>, received: ReceivedEvent<Events, Name>) => void,
  ): () => void {
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers);
    this.start();
    return add(handlers, (received) =>
      handler(received.data as EventData<Events, Name>, received as ReceivedEvent<Events, Name>),
    );
  }

  async once<Name extends EventName<Events>>(event: Name): Promise<EventData<Events, Name>> {
    return await new Promise((resolve, reject) => {
      const rejectIfOver = (): void => {
        if (this.status === "failed") reject(this.error as Error);
        else if (this.isOver) {
          reject(
            new SubscriptionClosedError(
              `${this.options.request.name}: ${this.status} before an event "${event}"`,
            ),
          );
        }
      };
      const removals = [
        this.onStatus(rejectIfOver),
        this.on(event, (data) => {
          for (const remove of removals) remove();
          resolve(data);
        }),
      ];
      rejectIfOver();
    });
  }

  onStatus(handler: (status: StreamStatus) => void): () => void {
    return add(this.#statusHandlers, () => handler(this.status));
  }

  close(): void {
    this.finish("closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Received<Events>> {
    const queue = createEventQueue<Received<Events>>(() => {
      this.#queues.delete(queue);
      const isWanted = this.#queues.size > 0 || [...this.#handlers.values()].some(({ size }) => size > 0);
      if (!isWanted) this.close();
    });
    this.#queues.add(queue);
    this.start();
    if (this.isOver) queue.end(this);
    return queue.iterator;
  }

  protected override onEvent({ event, data: text, id }: StreamedEvent): void {
    const { revive: plans, refs } = this.#endpoint;
    const { request, call } = this.options;
    let data: unknown;
    try {
      data = parseJSON(request, text, `the data of event "${event}"`);
      data = revive(data, own(plans, event), refs);
      if (event !== GAP_EVENT && call.validate) data = call.validate(event, data);
    } catch (error) {
      this.finish("failed", error);
    }
    // `validate` may have closed the stream, too.
    if (this.isOver) return;
    const received = { event, data, ...(id && { id }) } as Received<Events>;
    for (const queue of this.#queues) queue.push(received);
    callEach(this.#handlers.get(event), (handler) => this.isOver || handler(received));
  }

  protected override onChange(): void {
    if (this.isOver) for (const queue of this.#queues) queue.end(this);
    callEach(this.#statusHandlers, (handler) => handler());
  }

  protected override async hold(): Promise<void> {
    await Promise.all([...this.#queues].map((queue) => queue.room()));
  }
}

/** Adds a handler, and returns what removes it. One that is added twice has to be a function of its own. */
function add<Handler>(handlers: Set<Handler>, handler: Handler): () => void {
  handlers.add(handler);
  return () => void handlers.delete(handler);
}

/**
 * Calls handlers, which belong to the application and whose errors are its own. One that is removed meanwhile
 * is not called any more, one that is added not yet.
 */
function callEach<Handler>(
  handlers: ReadonlySet<Handler> | undefined,
  call: (handler: Handler) => void,
): void {
  for (const handler of new Set(handlers)) {
    try {
      if (handlers?.has(handler)) call(handler);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
