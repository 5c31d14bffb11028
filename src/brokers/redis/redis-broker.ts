import { randomBytes } from "node:crypto";

import { BrokerError } from "../../errors/topic-errors.ts";
import {
  type Broker,
  type BrokerPublishOptions,
  type LogAddress,
  type LogEntry,
  type LogHead,
  type LogListener,
  type LogPage,
  type LogSubscription,
} from "../../topic/broker.ts";
import { ask, publishWithin } from "../link/attempt.ts";
import { Channels } from "../link/channels.ts";
import { Link } from "../link/link.ts";
import { checkOptions, type ConnectedBrokerOptions } from "../link/options.ts";
import {
  redisConnections,
  runScript,
  type RedisConnection,
  type RedisConnectionOptions,
} from "./connection.ts";
import { Listened } from "./listened.ts";
import { formatKeys, ttlOf, type LogKeys } from "./names.ts";
import { PUBLISH, READ, UNSURE } from "./scripts.ts";

/** Options of `redisBroker`. */
export interface RedisBrokerOptions extends ConnectedBrokerOptions {
  /** Where Redis is, such as `redis://user:password@host:6379/0`; `rediss:` for TLS. */
  url: string;
  /** What the url can't say, for the client. */
  connection?: RedisConnectionOptions;
}

/** Data read at once, in bytes, after which no further entry is added. */
const PAGE_BYTES = 1_048_576;

class RedisBroker implements Broker {
  readonly kind = "redis";
  readonly #prefix: string;
  readonly #publishTimeoutMs: number;
  readonly #commands: Link<RedisConnection>;
  readonly #messages: Link<RedisConnection>;
  readonly #channels: Channels<RedisConnection, string>;
  readonly #listened: Listened;
  readonly #nonce = randomBytes(9).toString("base64url");
  #published = 0;

  constructor({ url, connection = {}, ...options }: RedisBrokerOptions) {
    const { prefix, publishTimeout, onStatus } = checkOptions(this.kind, options);
    const connections = redisConnections(url, connection);
    this.#prefix = prefix;
    this.#publishTimeoutMs = publishTimeout;
    this.#commands = new Link({
      ...connections,
      onUp: () => onStatus({ isConnected: true }),
      onDown: (error) => onStatus({ isConnected: false, error }),
    });
    this.#messages = new Link({ ...connections, onUp: (each) => this.#channels.resume(each) });
    this.#channels = new Channels(this.#messages, {
      async attach(to, name, onMessage) {
        const listener = (message: string): void => onMessage(message);
        await to.subscribe(name, listener);
        return () => to.unsubscribe(name, listener);
      },
    });
    this.#listened = new Listened(() => this.#commands.connection);
  }

  async publish(
    log: LogAddress,
    { event, data }: { event: string; data: string },
    { timeoutMs = this.#publishTimeoutMs }: BrokerPublishOptions = {},
  ): Promise<LogHead> {
    const keys = this.#keysOf(log);
    const nonce = `${this.#nonce}${(this.#published++).toString(36)}`;
    const asking = { kind: this.kind, link: this.#commands };
    return await publishWithin(asking, timeoutMs, async (connection, triedForMs) => {
      const tried = String(Math.ceil(triedForMs * 1_000));
      const args = [newEpoch(), ttlOf(log), event, data, String(log.history), keys.channel, nonce, tried];
      const all = [keys.meta, keys.entries, keys.sent];
      const [epoch, position] = await runScript(connection, PUBLISH, all, args).catch(explainUnsure);
      return { epoch: String(epoch), position: Number(position) };
    });
  }

  async subscribe(log: LogAddress, listener: LogListener): Promise<LogSubscription> {
    const keys = this.#keysOf(log);
    const state = this.#listened.add(log, keys, listener);
    let leave: (() => void) | undefined;
    const close = (): void => {
      this.#listened.remove(log, listener);
      leave?.();
    };
    try {
      leave = await ask({ kind: this.kind, link: this.#messages }, (connection) =>
        this.#channels.listen(connection, keys.channel, {
          onMessage: (text) => {
            const { epoch, entry } = parseMessage(text);
            // Another log has taken the place of this one, which the listener finds when it reads.
            if (state.epoch !== undefined && state.epoch !== epoch) listener.onInterruption();
            else listener.onEntry(entry);
          },
          onInterruption: () => listener.onInterruption(),
        }),
      );
      const { epoch, position } = await this.#read(log, 0, 0);
      return { head: { epoch, position }, close };
    } catch (error) {
      close();
      throw error;
    }
  }

  read(log: LogAddress, after: number, limit: number): Promise<LogPage> {
    return this.#read(log, after, limit);
  }

  async close(): Promise<void> {
    this.#listened.clear();
    this.#channels.clear();
    this.#messages.close();
    this.#commands.close();
  }

  async #read(log: LogAddress, after: number, limit: number): Promise<LogPage> {
    const { meta, entries } = this.#keysOf(log);
    const args = [newEpoch(), ttlOf(log), String(after), String(limit), String(PAGE_BYTES)];
    const asking = { kind: this.kind, link: this.#commands };
    const reply = await ask(asking, (connection) => runScript(connection, READ, [meta, entries], args));
    const page = parsePage(reply);
    this.#listened.noteEpoch(log, page.epoch);
    return page;
  }

  #keysOf(log: LogAddress): LogKeys {
    return formatKeys(this.#prefix, log);
  }
}

function newEpoch(): string {
  return randomBytes(12).toString("base64url");
}

function parseMessage(text: string): { epoch: string; entry: LogEntry } {
  const [epoch = "", position, previous, event = ""] = text.split("\n", 4);
  const data = text.slice(`${epoch}\n${position}\n${previous}\n${event}\n`.length);
  return { epoch, entry: { position: Number(position), previous: Number(previous), event, data } };
}

function parsePage([epoch, position, reaches, ...fields]: unknown[]): LogPage {
  const entries: LogEntry[] = [];
  for (let at = 0; at < fields.length; at += 4) {
    const [at0, previous, event, data] = fields.slice(at, at + 4);
    entries.push({
      position: Number(at0),
      previous: Number(previous),
      event: String(event),
      data: String(data),
    });
  }
  return { epoch: String(epoch), position: Number(position), reachesBack: Number(reaches) === 1, entries };
}

function explainUnsure(error: unknown): never {
  if (error instanceof BrokerError && error.message.includes(UNSURE)) {
    throw new BrokerError(
      "redis",
      "the connection broke while it was published, and so much else was since that it can't be told whether it " +
        "was. It may have been published.",
      { cause: error },
    );
  }
  throw error;
}

/**
 * Makes a broker that keeps topics in Redis (6.2 or later; one primary, with or without replicas): events in streams,
 * told to all processes by publish and subscribe. It has two connections, made at the first use, however many
 * streams there are. Needs the package `@redis/client`.
 *
 * @throws BrokerError for options that can't work; a Redis that is away is none of these.
 */
export function redisBroker(options: RedisBrokerOptions): Broker {
  return new RedisBroker(options);
}
