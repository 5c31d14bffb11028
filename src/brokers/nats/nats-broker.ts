import { randomBytes } from "node:crypto";

import type { Msg } from "@nats-io/transport-node";

import { BrokerError } from "../../errors/topic-errors.ts";
import {
  formatAddress,
  type Broker,
  type BrokerPublishOptions,
  type LogAddress,
  type LogHead,
  type LogListener,
  type LogPage,
  type LogSubscription,
} from "../../topic/broker.ts";
import { ask, NotDoneError, publishWithin } from "../link/attempt.ts";
import { Channels } from "../link/channels.ts";
import { Link } from "../link/link.ts";
import { checkOptions, type ConnectedBrokerOptions } from "../link/options.ts";
import {
  classifyError,
  natsConnections,
  type JetStreamConnection,
  type NatsConnectionOptions,
} from "./connection.ts";
import { findGeneration, formatLive, formatStored, generationOf } from "./names.ts";
import { formatEntry, parseEntry, readLog } from "./read-log.ts";
import { TopicStreams } from "./streams.ts";
import { Turnstile } from "./turnstile.ts";

/** Options of `natsBroker`. */
export interface NatsBrokerOptions extends ConnectedBrokerOptions {
  /** Where NATS is: `nats://host:4222`, or several of a cluster. */
  servers: string | string[];
  /** Where JetStream keeps events: `file` by default; `memory` loses them when the server ends. */
  storage?: "file" | "memory";
  /** How many servers of a cluster keep each event, 1 (the default) to 5. Holds for topics not used before. */
  replicas?: number;
  /** What the address can't say, for the client. */
  connection?: NatsConnectionOptions;
}

/** Logs that are read at the same time; each costs the server a consumer. */
const MAX_READS = 32;

class NatsBroker implements Broker {
  readonly kind = "nats";
  readonly #publishTimeoutMs: number;
  readonly #link: Link<JetStreamConnection>;
  readonly #channels: Channels<JetStreamConnection, Msg>;
  readonly #streams: TopicStreams;
  readonly #reads = new Turnstile(MAX_READS);
  /** Logs that are listened to, with the generation that their listeners know. */
  readonly #listened = new Map<string, { generation: string | undefined; listeners: number }>();
  readonly #nonce = randomBytes(9).toString("base64url");
  #published = 0;

  constructor({ servers, storage = "file", replicas = 1, connection = {}, ...options }: NatsBrokerOptions) {
    const { prefix, publishTimeout, onStatus } = checkOptions(this.kind, options);
    checkNatsOptions({ servers, storage, replicas });
    this.#publishTimeoutMs = publishTimeout;
    this.#streams = new TopicStreams(prefix, { storage, replicas });
    this.#link = new Link({
      ...natsConnections(servers, connection),
      onUp: (each) => {
        onStatus({ isConnected: true });
        this.#channels.resume(each);
      },
      onDown: (error) => onStatus({ isConnected: false, error }),
    });
    this.#channels = new Channels(this.#link, {
      async attach({ core }, name, onMessage) {
        const subscription = core.subscribe(name, { callback: (_, message) => onMessage(message) });
        await core.flush();
        return () => subscription.unsubscribe();
      },
    });
  }

  async publish(
    log: LogAddress,
    entry: { event: string; data: string },
    { timeoutMs = this.#publishTimeoutMs }: BrokerPublishOptions = {},
  ): Promise<LogHead> {
    const msgID = `${this.#nonce}${(this.#published++).toString(36)}`;
    const text = formatEntry(entry);
    return await publishWithin(
      { kind: this.kind, link: this.#link },
      timeoutMs,
      async (connection, triedForMs) => {
        try {
          const stream = await this.#streams.ensure(connection, log).catch((error: unknown) => {
            throw asNotDone(error);
          });
          if (triedForMs > stream.limits.knownForMs * 0.9) throw tooLate();
          const subject = formatStored(stream.names, stream.generation, log);
          const timeout = Math.max(100, Math.min(timeoutMs, 30_000));
          const { seq } = await connection.publisher.publish(subject, text, { msgID, timeout });
          return { epoch: stream.epoch, position: seq };
        } catch (error) {
          const classified = classifyError(error);
          // Another stream may have taken the place of the one that was known.
          if (classified instanceof NotDoneError) this.#streams.forget(log.topic);
          throw classified;
        }
      },
    );
  }

  async subscribe(log: LogAddress, listener: LogListener): Promise<LogSubscription> {
    const id = formatAddress(log);
    const state = this.#listened.get(id) ?? { generation: undefined, listeners: 0 };
    this.#listened.set(id, state);
    state.listeners++;
    let leave: (() => void) | undefined;
    let isOpen = true;
    const close = (): void => {
      leave?.();
      if (!isOpen) return;
      isOpen = false;
      if (--state.listeners === 0 && this.#listened.get(id) === state) this.#listened.delete(id);
    };
    const onMessage = (message: Msg): void => {
      const header = (name: string): string => message.headers?.get(name) ?? "";
      const position = Number(header("Nats-Sequence"));
      if (!(position > 0)) return;
      const generation = findGeneration(header("Nats-Subject"));
      // Another stream has taken the place of this one, which the listener finds when it reads.
      if (state.generation !== undefined && state.generation !== generation) {
        listener.onInterruption();
        return;
      }
      // 0 where the one before is not there any more.
      const previous = Number(header("Nats-Last-Sequence")) || undefined;
      listener.onEntry({ ...parseEntry(position, message.string()), previous });
    };
    try {
      const name = formatLive(this.#streams.namesOf(log.topic), log);
      const onInterruption = (): void => listener.onInterruption();
      leave = await this.#ask((connection) =>
        this.#channels.listen(connection, name, { onMessage, onInterruption }),
      );
      const stream = await this.#ask((connection) => this.#streams.inspect(connection, log));
      state.generation = stream.generation;
      return { head: { epoch: stream.epoch, position: stream.lastSeq }, close };
    } catch (error) {
      close();
      throw error;
    }
  }

  async read(log: LogAddress, after: number, limit: number): Promise<LogPage> {
    const page = await this.#reads.pass(() =>
      this.#ask((connection) => readLog(connection, this.#streams, log, after, limit)),
    );
    const state = this.#listened.get(formatAddress(log));
    if (state) state.generation = generationOf(page.epoch);
    return page;
  }

  async close(): Promise<void> {
    this.#listened.clear();
    this.#channels.clear();
    this.#link.close();
  }

  #ask<T>(attempt: (connection: JetStreamConnection) => Promise<T>): Promise<T> {
    const asking = { kind: this.kind, link: this.#link };
    return ask(asking, (connection) =>
      attempt(connection).catch((error: unknown) => {
        throw classifyError(error);
      }),
    );
  }
}

/** A stream that could not be looked for has not taken a publish. */
function asNotDone(error: unknown): unknown {
  const classified = classifyError(error);
  if (classified instanceof BrokerError || classified instanceof NotDoneError) return classified;
  return new NotDoneError(error instanceof Error ? error.message : String(error), { cause: error });
}

function tooLate(): BrokerError {
  return new BrokerError(
    "nats",
    "the connection broke while it was published, and that is too long ago for the server to know whether it was. " +
      "It may have been published.",
  );
}

function checkNatsOptions({
  servers,
  storage,
  replicas,
}: Pick<NatsBrokerOptions, "servers" | "storage" | "replicas">) {
  const all = [servers].flat();
  const isAddress = (each: unknown): boolean => typeof each === "string" && each !== "";
  if (all.length === 0 || !all.every(isAddress)) {
    throw new BrokerError(
      "nats",
      `servers is ${JSON.stringify(servers)}. Give one or more like "nats://127.0.0.1:4222".`,
    );
  }
  if (storage !== "file" && storage !== "memory") {
    throw new BrokerError("nats", `storage is ${JSON.stringify(storage)}. Use "file" or "memory".`);
  }
  if (!(Number.isInteger(replicas) && Number(replicas) >= 1 && Number(replicas) <= 5)) {
    throw new BrokerError("nats", `replicas is ${replicas}. Give 1 to 5.`);
  }
}

/**
 * Makes a broker that keeps topics in NATS JetStream (2.9 or later): a stream for each topic, which tells of its
 * events itself. It has one connection, made at the first use, however many streams there are. Needs the packages
 * `@nats-io/transport-node` and `@nats-io/jetstream`.
 *
 * @throws BrokerError for options that can't work; a NATS that is away is none of these.
 */
export function natsBroker(options: NatsBrokerOptions): Broker {
  return new NatsBroker(options);
}
