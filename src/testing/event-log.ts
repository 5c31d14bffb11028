import type { z } from "zod";

import { createDeferred } from "../async/deferred.ts";
import type { StreamConnection } from "../connection/stream-connection.ts";
import type { CloseReason } from "../errors/stream-errors.ts";
import type { PublishedEvent, StreamRun } from "./types.ts";

/** What a stream has published, and the reading end of it. */
export class EventLog<E extends z.ZodObject> implements StreamRun<E> {
  readonly done: Promise<void>;
  readonly #events: PublishedEvent<E>[] = [];
  readonly #settled = createDeferred();
  #read = 0;
  #connection: StreamConnection | undefined;
  #isClosing = false;
  #isOver = false;
  #failure: { error: unknown } | undefined;
  #wake: (() => void)[] = [];

  constructor() {
    this.done = this.#settled.promise;
    // Whoever does not look at `done` still sees the failure where events are read.
    this.done.catch(() => {});
  }

  get events(): readonly PublishedEvent<E>[] {
    return this.#events;
  }

  get ended(): boolean {
    return this.reason === "ended";
  }

  get reason(): CloseReason | undefined {
    return this.#connection?.reason;
  }

  async next(): Promise<PublishedEvent<E> | undefined> {
    while (this.#read >= this.#events.length && !this.#isOver) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    if (this.#read < this.#events.length) return this.#events[this.#read++];
    if (this.#failure) throw this.#failure.error;
    return undefined;
  }

  async take(count: number): Promise<PublishedEvent<E>[]> {
    const taken: PublishedEvent<E>[] = [];
    while (taken.length < count) {
      const event = await this.next();
      if (!event) break;
      taken.push(event);
    }
    return taken;
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    this.#connection?.gone();
    await this.done;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<PublishedEvent<E>> {
    try {
      for (let event = await this.next(); event; event = await this.next()) yield event;
    } finally {
      await this.close();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Takes the connection, once the request is in. */
  start(connection: StreamConnection): void {
    this.#connection = connection;
    if (this.#isClosing) connection.gone();
  }

  record(event: string, data: unknown, id: string | number | bigint | undefined): void {
    const entry = id === undefined ? { event, data } : { event, data, id: String(id) };
    this.#events.push(entry as PublishedEvent<E>);
    this.#wakeAll();
  }

  /** Notes what the handler, or what came before it, has thrown. */
  fail(error: unknown): void {
    if ((error as { code?: unknown } | null)?.code === "PINE_STREAM_CLOSED") return;
    this.#failure ??= { error };
  }

  /** The handler has ended. */
  finish(): void {
    this.#isOver = true;
    if (this.#failure) this.#settled.reject(this.#failure.error);
    else this.#settled.resolve();
    this.#wakeAll();
  }

  #wakeAll(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const resolve of waiting) resolve();
  }
}
