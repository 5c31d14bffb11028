import type { z } from "zod";

import { TopicError } from "../errors/topic-errors.ts";
import { checkEvents } from "../schema/check-events.ts";
import { EventCodec } from "../schema/event-codec.ts";
import { createEventReviver } from "../shape/revive-events.ts";
import { TopicLog, type TopicKind } from "./topic-log.ts";
import type { Topic, TopicChannel, TopicOptions } from "./types.ts";

const DEFAULT_HISTORY = 1_000;
const DEFAULT_TTL_MS = 3_600_000;
/** Most UTF-16 code units of a name or key; they become names within the broker. */
const MAX_NAME_LENGTH = 200;

class NamedTopic<E extends z.ZodObject> extends TopicLog<E> implements Topic<E> {
  readonly #kind: TopicKind<E>;

  constructor(name: string, kind: TopicKind<E>, options: { history: number; ttlMs: number }) {
    super({ topic: name, key: undefined, ...options }, kind);
    this.#kind = kind;
  }

  get name(): string {
    return this.address.topic;
  }

  key(key: string | number | bigint): TopicChannel<E> {
    const text = String(key);
    const isKey = ["string", "number", "bigint"].includes(typeof key) && text !== "";
    if (!isKey || text.length > MAX_NAME_LENGTH || !text.isWellFormed()) {
      throw new TopicError(
        this.name,
        `key ${JSON.stringify(text)} can't be one. Use a text of 1 to ${MAX_NAME_LENGTH} characters, or a number.`,
      );
    }
    return new TopicLog({ ...this.address, key: text }, this.#kind);
  }
}

/**
 * Declares a topic: what is published under its name reaches all who are subscribed to it or are piped from it,
 * in every process that has the same broker (the server's `broker`; memory by default). Declare it once, beside
 * the models, with the same events and options in all processes.
 *
 * @param events A `z.object` whose keys are event names and whose values are the schemas of their data.
 * @throws TopicError for a name, events or options that can't work.
 */
export function topic<E extends z.ZodObject>(name: string, events: E, options: TopicOptions = {}): Topic<E> {
  const { history = DEFAULT_HISTORY, ttl = DEFAULT_TTL_MS } = options;
  const refuse = (problem: string): never => {
    throw new TopicError(String(name), problem);
  };
  // oxlint-disable-next-line no-control-regex -- the control characters are what is looked for
  const isName = typeof name === "string" && /^[^\0-\x1f\x7f]+$/.test(name) && name.isWellFormed();
  if (!isName || name.length > MAX_NAME_LENGTH) {
    refuse(`its name has to be a text of 1 to ${MAX_NAME_LENGTH} characters without control characters.`);
  }
  if (!events) refuse("has no events. Give it a z.object whose keys are event names.");
  checkEvents(events, refuse);
  if (!(Number.isSafeInteger(history) && history >= 0)) {
    refuse(`history is ${history}. Give the most events to keep as a whole number, 0 for none.`);
  }
  if (!(ttl > 0)) refuse(`ttl is ${ttl}. Give the time in ms that an event is kept for.`);
  const codec = new EventCodec(`topic ${JSON.stringify(name)}`, events);
  const kind = { events, codec, revive: createEventReviver(events) };
  return new NamedTopic(name, kind, { history, ttlMs: ttl });
}
