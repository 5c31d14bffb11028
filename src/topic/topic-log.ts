import type { z } from "zod";

import type { EventCodec } from "../schema/event-codec.ts";
import type { EventReviver } from "../shape/revive-events.ts";
import type { AnyEvents, EventData, EventName } from "../schema/events.ts";
import type { LogAddress } from "./broker.ts";
import { currentBroker } from "./current-broker.ts";
import type { FramedEntry } from "./entry.ts";
import { signPublished } from "./feed.ts";
import { LogIterator } from "./log-iterator.ts";
import type { TopicChannel, TopicPublishOptions, TopicSubscribeOptions, TopicSubscription } from "./types.ts";

/** What all keys of a topic share. */
export interface TopicKind<E extends z.ZodObject> {
  events: E;
  codec: EventCodec;
  revive: EventReviver;
}

/** One log of a topic, as an application uses it. */
export class TopicLog<E extends z.ZodObject = AnyEvents> implements TopicChannel<E> {
  readonly address: LogAddress;
  readonly #kind: TopicKind<E>;

  constructor(address: LogAddress, kind: TopicKind<E>) {
    this.address = address;
    this.#kind = kind;
  }

  get events(): E {
    return this.#kind.events;
  }

  async publish<K extends EventName<E>>(
    event: K,
    data: EventData<E, K>,
    { timeout }: TopicPublishOptions = {},
  ): Promise<string> {
    const { codec } = this.#kind;
    const text = codec.stringify(event, codec.parse(event, data));
    const broker = currentBroker();
    const head = await broker.publish(this.address, { event, data: text }, { timeoutMs: timeout });
    return signPublished(broker, this.address, head);
  }

  subscribe(options: TopicSubscribeOptions = {}): TopicSubscription<E> {
    return new LogIterator(this, currentBroker(), options) as unknown as TopicSubscription<E>;
  }

  /** Reads the data of an entry. */
  decode({ event, data }: FramedEntry): unknown {
    return this.#kind.revive(event, JSON.parse(data));
  }
}
