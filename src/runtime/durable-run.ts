// A run of a durable endpoint: a handler whose stream goes into a log of its own, so that it does not end with
// whoever has asked for it. Seen from the handler it is a stream like any other.

import type { FastifyBaseLogger } from "fastify";

import { createDeferred } from "../async/deferred.ts";
import type { ConnectionSettings } from "../connection/settings.ts";
import { StreamConnection, type ConnectionHost } from "../connection/stream-connection.ts";
import { RunGoneError } from "../errors/http-errors.ts";
import type { CloseReason } from "../errors/stream-errors.ts";
import { createRunId } from "../runs/run-id.ts";
import { outcomeOf, MARKS, RunLog } from "../runs/run-log.ts";
import { RunWriter } from "../runs/run-writer.ts";
import { acquireFeed, type Feed, type FeedSubscriber } from "../topic/feed.ts";
import type { EntryBatch } from "../topic/entry.ts";
import { ownerOf } from "./authenticate.ts";
import { drive, type Handler } from "./drive.ts";
import { describeFailure } from "./failure.ts";
import { refusalFor } from "./refusal.ts";
import type { OpenStream, Run, RuntimeEndpoint, StreamHost } from "./types.ts";

/** What a run needs beside its endpoint. */
export interface RunParts {
  endpoint: RuntimeEndpoint & { stream: ConnectionSettings };
  host: StreamHost;
  log: FastifyBaseLogger;
}

let created = 0;

/** One run, in the process that runs it. */
export class DurableRun implements Run, OpenStream, ConnectionHost, FeedSubscriber {
  readonly connection: StreamConnection;
  readonly openedAt = Date.now();
  readonly isIdentified = false;
  readonly isListed = false;
  readonly log: FastifyBaseLogger;
  user: unknown = null;
  readonly #parts: RunParts;
  readonly #started = createDeferred();
  readonly #serial = ++created;
  #events: RunLog | undefined;
  /** How the run is over unless it ends on purpose. */
  #outcome: "failed" | "cancelled" = "failed";
  #writer: RunWriter | undefined;
  #feed: Feed | undefined;
  #isFinished = false;

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.log = parts.log;
    const { stream } = parts.endpoint;
    const settings = {
      ...stream,
      keepAliveMs: false as const,
      retryMs: undefined,
      overflow: "close" as const,
    };
    // A broker that is away is waited for.
    this.connection = new StreamConnection({ ...settings, stallTimeoutMs: 2 ** 31 - 1 }, this, undefined);
    // Nobody may be there to hear of it.
    this.#started.promise.catch(() => undefined);
  }

  get id(): string {
    return this.#events?.id ?? `run ${this.#serial}`;
  }

  get endpoint(): string {
    return this.#parts.endpoint.name;
  }

  /** Where the run's events are, once it is known whose it is. */
  get events(): RunLog {
    if (!this.#events) throw new Error(`${this.endpoint}: the run has no id before its user is known.`);
    return this.#events;
  }

  /** Gives the run its id. */
  identify(user: unknown): void {
    this.user = user;
    const { runs } = this.#parts.host;
    this.#events = new RunLog(
      runs.broker(),
      createRunId(this.endpoint, ownerOf(this.endpoint, user)),
      runs.settings,
    );
  }

  cancel(): void {
    this.#outcome = "cancelled";
    if (this.#writer) this.#writer.outcome = "cancelled";
    this.connection.close("closed");
  }

  /**
   * Runs the handler, whoever is there to see it. Resolves when an error can no longer be an HTTP error.
   *
   * @throws what the handler throws before that, ServerBusyError and BrokerError.
   */
  async start(args: readonly unknown[]): Promise<void> {
    const { host } = this.#parts;
    const { broker, address } = this.events;
    host.runs.add(this);
    // Before anything is waited for, so that a server that closes meanwhile closes this, too.
    host.onStart(this);
    try {
      await this.events.append(MARKS.start);
      const feed = await acquireFeed(broker, address);
      if (this.#isFinished) {
        feed.release();
      } else {
        this.#feed = feed;
        feed.join(this);
      }
    } catch (error) {
      this.#started.reject(error);
      this.connection.abandon();
    }
    void this.#run(args);
    await this.#started.promise;
  }

  destroy(): void {
    this.connection.cut();
  }

  commitHead(): void {
    this.#writer = new RunWriter(this.events, (error) => {
      this.#logFailure(error, "its log takes no more events");
      this.connection.close("error");
    });
    this.#writer.outcome = this.#outcome;
    this.connection.attach(this.#writer);
    this.#started.resolve();
  }

  onClosed(reason: CloseReason): void {
    // Whoever waits for the head is answered now; the handler may take its time.
    if (this.connection.committed) return;
    const refusal = this.#outcome === "cancelled" ? undefined : refusalFor(reason);
    this.#started.reject(refusal ?? new RunGoneError(this.endpoint));
  }

  onFinished(): void {
    this.#isFinished = true;
    this.#feed?.leave(this);
    this.#feed?.release();
    this.#parts.host.onFinish(this);
  }

  /** @internal Looks for what others want of the run. */
  onBatch({ entries }: EntryBatch): void {
    for (const { event } of entries) {
      // Others may hold it for lost, and have told so.
      const isStopped = event === MARKS.cancel || outcomeOf(event) !== undefined;
      if (isStopped && !this.connection.closed) this.cancel();
    }
  }

  /** @internal */
  onGap(): void {}

  async #run(args: readonly unknown[]): Promise<void> {
    const { connection } = this;
    const { endpoint, host } = this.#parts;
    try {
      if (!connection.closed) {
        const handler = endpoint.handler.apply(endpoint.model, [...args]) as Handler;
        await new Promise<void>((resolve, reject) =>
          drive(handler, { connection, onReturn: resolve, onThrow: reject }),
        );
      }
      if (connection.closed && !connection.committed) await this.#abandon();
      else await connection.end();
    } catch (error) {
      await this.#fail(error);
    } finally {
      connection.unwinder.disarm();
      host.runs.remove(this);
      host.onEnd(this);
    }
  }

  async #fail(error: unknown): Promise<void> {
    const { connection } = this;
    if (!connection.committed) {
      this.#started.reject(error);
      await this.#abandon();
      return;
    }
    if (connection.closed) {
      this.#logFailure(error, "the handler failed after its run was over");
      return;
    }
    this.#logFailure(error, "the handler failed; its run is over without an end event");
    const { event, data } = describeFailure(error);
    if (this.#parts.endpoint.stream.codec.accepts(event, data)) connection.publish(event, data);
    connection.close("error");
  }

  /** Ends a run of which nobody has seen anything. */
  async #abandon(): Promise<void> {
    this.connection.abandon();
    try {
      await this.events.append(MARKS[this.#outcome]);
    } catch {
      // It is forgotten with its broker then, and nobody knows its id.
    }
  }

  #logFailure(error: unknown, what: string): void {
    this.log.error({ err: error, endpoint: this.endpoint, run: this.id }, `${this.endpoint}: ${what}`);
  }
}
