// The stream of a topic: made at its first use, by whichever process comes first, and found by the others. Its epoch
// stands in its description, and from which sequence number on its limits are what they are.

import { randomBytes } from "node:crypto";

import type { StreamConfig, StreamInfo } from "@nats-io/jetstream";

import { BrokerError } from "../../errors/topic-errors.ts";
import type { LogAddress } from "../../topic/broker.ts";
import { NotDoneError } from "../link/attempt.ts";
import type { JetStreamConnection } from "./connection.ts";
import { formatNames, formatStored, generationOf, type TopicNames } from "./names.ts";

/** How streams are kept. */
export interface StreamStorage {
  storage: "file" | "memory";
  replicas: number;
}

/** The stream of a topic as it was last seen. */
export interface TopicStream {
  readonly names: TopicNames;
  readonly epoch: string;
  readonly generation: string;
  /** What it keeps at least. */
  readonly limits: Limits;
  /** Sequence number since which the limit of events for each key has been the same. */
  readonly limitSince: number;
}

/** A stream, and what is in it now. */
export interface InspectedStream extends TopicStream {
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** How many events of the log are there. */
  readonly count: number;
}

const MS = 1_000_000;
/** What JetStream takes for an age, in ms. Beyond, events are kept for ever. */
const LEAST_AGE_MS = 100;
const MAX_AGE_MS = 315_360_000_000;
const KNOWN_FOR_MS = 120_000;
const STREAM_NOT_FOUND = 10_059;
const STREAM_NAME_IN_USE = 10_058;
/** What a stream keeps: sizes in events, times in ms. It grows with what the topic's logs ask for. */
export interface Limits {
  /** Events of each key, one of them for its position only. */
  readonly most: number;
  /** How long an event is kept. */
  readonly ageMs: number;
  /** For how long a publish is known by its nonce. */
  readonly knownForMs: number;
}

/** What a stream's description says. */
type Mark = Pick<TopicStream, "epoch" | "limitSince">;

const MARK = /^pinestream epoch=([\w-]+) limit-since=(\d+)$/;

/** Finds the streams of topics, and makes those that are missing. */
export class TopicStreams {
  readonly #prefix: string;
  readonly #storage: StreamStorage;
  readonly #known = new Map<string, Promise<TopicStream>>();

  constructor(prefix: string, storage: StreamStorage) {
    this.#prefix = prefix;
    this.#storage = storage;
  }

  namesOf(topic: string): TopicNames {
    return formatNames(this.#prefix, topic);
  }

  /** Gives a topic's stream as it was when it was last looked for. */
  async ensure(connection: JetStreamConnection, log: LogAddress): Promise<TopicStream> {
    for (let known = this.#known.get(log.topic); known;) {
      const stream = await known;
      if (isEnough(stream.limits, log)) return stream;
      const latest = this.#known.get(log.topic);
      if (latest === known) break;
      known = latest;
    }
    // Those who ask meanwhile for no more share the answer.
    const opened = this.#open(connection, log);
    this.#known.set(log.topic, opened);
    opened.catch(() => {
      if (this.#known.get(log.topic) === opened) this.forget(log.topic);
    });
    return await opened;
  }

  /** Has a topic's stream looked for again. */
  forget(topic: string): void {
    this.#known.delete(topic);
  }

  /** Looks at a topic's stream, and at what is there of one log. Makes it where it is missing. */
  async inspect(connection: JetStreamConnection, log: LogAddress): Promise<InspectedStream> {
    for (let attempts = 0; attempts < 3; attempts++) {
      const stream = await this.ensure(connection, log);
      const subject = formatStored(stream.names, stream.generation, log);
      const info = await this.#info(connection, stream.names, subject);
      const mark = info && parseMark(info);
      if (info && mark?.epoch === stream.epoch) {
        const { first_seq: firstSeq, last_seq: lastSeq, subjects } = info.state;
        const limits = limitsOf(info);
        return { ...stream, ...mark, limits, firstSeq, lastSeq, count: subjects?.[subject] ?? 0 };
      }
      this.forget(log.topic);
    }
    throw new NotDoneError("its stream is made and lost again and again");
  }

  async #open(connection: JetStreamConnection, log: LogAddress): Promise<TopicStream> {
    const names = this.namesOf(log.topic);
    for (let attempts = 0; attempts < 3; attempts++) {
      const info = (await this.#info(connection, names)) ?? (await this.#create(connection, names, log));
      if (!info) continue;
      return await this.#adjust(connection, names, log, info);
    }
    throw new NotDoneError("its stream is made and lost again and again");
  }

  async #info(
    { manager }: JetStreamConnection,
    { stream }: TopicNames,
    subject?: string,
  ): Promise<StreamInfo | undefined> {
    try {
      return await manager.streams.info(stream, subject === undefined ? {} : { subjects_filter: subject });
    } catch (error) {
      if (codeOf(error) === STREAM_NOT_FOUND) return undefined;
      throw error;
    }
  }

  /** Gives `undefined` when another process was faster. */
  async #create(
    { manager }: JetStreamConnection,
    names: TopicNames,
    log: LogAddress,
  ): Promise<StreamInfo | undefined> {
    const epoch = randomBytes(12).toString("base64url");
    const source = `${names.stored}.${generationOf(epoch)}.>`;
    const { storage, replicas } = this.#storage;
    try {
      return await manager.streams.add({
        name: names.stream,
        description: formatMark({ epoch, limitSince: 0 }),
        subjects: [source],
        republish: { src: source, dest: `${names.live}.>` },
        storage,
        num_replicas: replicas,
        ...configOf(neededBy(log)),
      } as Partial<StreamConfig> & { name: string });
    } catch (error) {
      if (codeOf(error) === STREAM_NAME_IN_USE) return undefined;
      throw error;
    }
  }

  /** Has a stream keep as much as the log asks for. Never less than before: another key may ask for more. */
  async #adjust(
    { manager }: JetStreamConnection,
    names: TopicNames,
    log: LogAddress,
    info: StreamInfo,
  ): Promise<TopicStream> {
    const mark = parseMark(info);
    if (!mark) {
      throw new BrokerError(
        "nats",
        `there is a stream ${JSON.stringify(names.stream)} that is not pinestream's. Use another prefix.`,
      );
    }
    const { epoch } = mark;
    let { limitSince } = mark;
    let limits = limitsOf(info);
    if (!isEnough(limits, log)) {
      const needed = neededBy(log);
      if (needed.most > limits.most) limitSince = info.state.last_seq;
      limits = {
        most: Math.max(limits.most, needed.most),
        ageMs: Math.max(limits.ageMs, needed.ageMs),
        knownForMs: Math.max(limits.knownForMs, needed.knownForMs),
      };
      const change = { description: formatMark({ epoch, limitSince }), ...configOf(limits) };
      await manager.streams.update(names.stream, change);
    }
    return { names, epoch, generation: generationOf(epoch), limits, limitSince };
  }
}

/** One event more than the history, so that the position of a client that has missed all of it is still there. */
function neededBy({ history, ttlMs }: LogAddress): Limits {
  const askedMs = Math.max(LEAST_AGE_MS, Math.ceil(ttlMs));
  const ageMs = askedMs > MAX_AGE_MS ? Number.POSITIVE_INFINITY : askedMs;
  return { most: history + 1, ageMs, knownForMs: Math.min(ageMs, KNOWN_FOR_MS) };
}

function isEnough({ most, ageMs }: Limits, log: LogAddress): boolean {
  const needed = neededBy(log);
  return most >= needed.most && ageMs >= needed.ageMs;
}

function configOf({ most, ageMs, knownForMs }: Limits) {
  return {
    max_msgs_per_subject: most,
    max_age: ageMs === Number.POSITIVE_INFINITY ? 0 : ageMs * MS,
    duplicate_window: knownForMs * MS,
  };
}

function limitsOf({ config }: StreamInfo): Limits {
  return {
    most: config.max_msgs_per_subject,
    ageMs: config.max_age === 0 ? Number.POSITIVE_INFINITY : config.max_age / MS,
    knownForMs: config.duplicate_window / MS,
  };
}

function formatMark({ epoch, limitSince }: Mark): string {
  return `pinestream epoch=${epoch} limit-since=${limitSince}`;
}

function parseMark({ config: { description = "" } }: StreamInfo): Mark | undefined {
  const [, epoch, since] = MARK.exec(description) ?? [];
  return epoch === undefined ? undefined : { epoch, limitSince: Number(since) };
}

function codeOf(error: unknown): unknown {
  return (error as { code?: unknown } | undefined)?.code;
}
