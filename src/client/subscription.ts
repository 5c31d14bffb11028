// A live stream as its user has it. Consumers hang on it in three ways: handlers by event name, loops with a
// queue each, and handlers of the status. What any of them throws reaches none of the others.

import { SubscriptionClosedError } from "../errors/client-errors.ts";
import type { StreamedEvent } from "../wire/event-stream-reader.ts";
import { GAP_EVENT } from "../wire/event-stream.ts";
import { revive } from "../wire/revive.ts";
import { EventQueue } from "./event-queue.ts";
import { reportUncaught } from "./globals.ts";
import { LiveStream } from "./live-stream.ts";
import { locateRequest, parseJSON, prepareRequest, type PreparedRequest } from "./request.ts";
import type {
  ClientOptions,
  EventData,
  EventName,
  FinalStatus,
  ReceivedEvent,
  StreamEndpoint,
  StreamStatus,
  StreamSubscription,
  SubscribeOptions,
} from "./types.ts";

/** What a subscription is made from. */
export interface SubscriptionOptions<Events extends object> {
  endpoint: StreamEndpoint;
  parameters: object | undefined;
  client: ClientOptions;
  call: SubscribeOptions<Events>;
}

type Received<Events extends object> = ReceivedEvent<Events, EventName<Events>>;
type Handler<Events extends object> = (received: Received<Events>) => void;

/** The stream behind a method of the api. */
export class Subscription<Events extends object> implements StreamSubscription<Events> {
  readonly #options: SubscriptionOptions<Events>;
  readonly #request: PreparedRequest;
  readonly #stream: LiveStream;
  readonly #handlers = new Map<string, Set<Handler<Events>>>();
  readonly #statusHandlers = new Set<() => void>();
  readonly #queues = new Set<EventQueue<Received<Events>>>();
  #resume: (() => void) | undefined;

  /** @throws ConnectionError where the endpoint has no address, for want of a `baseUrl`. */
  constructor(options: SubscriptionOptions<Events>) {
    const { endpoint, parameters, client, call } = options;
    const request = prepareRequest(endpoint, parameters);
    this.#options = options;
    this.#request = request;
    this.#stream = new LiveStream({
      request,
      url: locateRequest(request, client),
      client,
      call,
      lastEventId: call.lastEventId ?? "",
      retry: { ...client.retry, ...call.retry },
      owner: {
        onEvent: (event) => this.#deliver(event),
        onChange: () => this.#announce(),
        hold: () => this.#hold(),
      },
    });
    const { signal } = call;
    if (!signal) return;
    const close = (): void => this.close();
    signal.addEventListener("abort", close);
    void this.closed.then(() => signal.removeEventListener("abort", close));
    if (signal.aborted) close();
  }

  get status(): StreamStatus {
    return this.#stream.status;
  }

  get error(): unknown {
    return this.#stream.error;
  }

  get retryCount(): number {
    return this.#stream.retryCount;
  }

  get lastEventId(): string {
    return this.#stream.lastEventId;
  }

  get closed(): Promise<FinalStatus> {
    return this.#stream.closed;
  }

  on<Name extends EventName<Events>>(
    event: Name,
    handler: (data: EventData<Events, Name>, received: ReceivedEvent<Events, Name>) => void,
  ): () => void {
    // Under a function of its own, so that one that is registered twice is called and removed twice.
    const own: Handler<Events> = (received) =>
      handler(received.data as EventData<Events, Name>, received as ReceivedEvent<Events, Name>);
    const handlers = this.#handlers.get(event) ?? new Set();
    this.#handlers.set(event, handlers.add(own));
    this.#stream.start();
    return () => void handlers.delete(own);
  }

  async once<Name extends EventName<Events>>(event: Name): Promise<EventData<Events, Name>> {
    return await new Promise((resolve, reject) => {
      const rejectIfOver = (): void => {
        const { status, error, isOver } = this.#stream;
        if (!isOver) return;
        if (status === "failed") reject(error as Error);
        const what = `over before the event ${JSON.stringify(event)} (${status})`;
        reject(new SubscriptionClosedError(`${this.#request.name}: ${what}`));
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
    const own = (): void => handler(this.status);
    this.#statusHandlers.add(own);
    return () => void this.#statusHandlers.delete(own);
  }

  close(): void {
    this.#stream.finish("closed");
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Received<Events>> {
    const queue = new EventQueue<Received<Events>>({
      onTaken: () => this.#resumeIfReady(),
      onLeft: () => {
        this.#queues.delete(queue);
        this.#resumeIfReady();
        const isWanted = this.#queues.size > 0 || [...this.#handlers.values()].some(({ size }) => size > 0);
        if (!isWanted) this.close();
      },
    });
    this.#queues.add(queue);
    if (this.#stream.isOver) this.#endQueues();
    else this.#stream.start();
    return queue;
  }

  #deliver({ event, data: text, id }: StreamedEvent): void {
    let data: unknown;
    try {
      data = this.#read(event, text);
    } catch (error) {
      this.#stream.finish("failed", error);
    }
    const received = { event, data, ...(id && { id }) } as Received<Events>;
    // `validate` may have closed the stream, and so may every handler.
    if (this.#stream.isOver) return;
    for (const queue of this.#queues) queue.push(received);
    callEach(this.#handlers.get(event), (handler) => this.#stream.isOver || handler(received));
  }

  #read(event: string, text: string): unknown {
    const { endpoint, call } = this.#options;
    const plans = endpoint.revive ?? {};
    const json = parseJSON(this.#request, text, `the data of event ${JSON.stringify(event)}`);
    const data = revive(json, Object.hasOwn(plans, event) ? plans[event] : undefined, endpoint.refs);
    if (event === GAP_EVENT || !call.validate) return data;
    return call.validate(event as keyof Events & string, data);
  }

  #announce(): void {
    if (this.#stream.isOver) this.#endQueues();
    callEach(this.#statusHandlers, (handler) => handler());
  }

  #endQueues(): void {
    const error = this.status === "failed" ? { reason: this.error } : undefined;
    for (const queue of this.#queues) queue.end({ discard: this.status === "closed", error });
    this.#queues.clear();
    this.#resumeIfReady();
  }

  #hold(): Promise<void> | undefined {
    if (this.#isReady) return undefined;
    return new Promise((resolve) => (this.#resume = resolve));
  }

  #resumeIfReady(): void {
    if (this.#isReady) this.#resume?.();
  }

  get #isReady(): boolean {
    return ![...this.#queues].some((queue) => queue.isFull);
  }
}

/**
 * Calls handlers, which belong to the application and whose errors are its own. One that is removed meanwhile
 * is not called any more, one that is added not yet.
 */
function callEach<Handler>(
  handlers: ReadonlySet<Handler> = new Set(),
  call: (handler: Handler) => void,
): void {
  for (const handler of Array.from(handlers)) {
    try {
      if (handlers.has(handler)) call(handler);
    } catch (error) {
      reportUncaught(error);
    }
  }
}
