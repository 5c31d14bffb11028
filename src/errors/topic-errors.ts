import { PinestreamError, type PinestreamErrorOptions } from "./base.ts";

/** A topic that cannot work as it was declared, or used: its name, its options, its events, its key. */
export class TopicError extends PinestreamError {
  readonly code = "PINE_TOPIC";
  /** Name of the topic. */
  readonly topic: string;

  constructor(topic: string, problem: string, options: PinestreamErrorOptions = {}) {
    super(`topic ${JSON.stringify(topic)}: ${problem}`, options);
    this.topic = topic;
  }
}

/**
 * A broker that does not answer, or is closed. Whether what was asked of it has happened is not known then;
 * `publish` says in its message what it knows.
 */
export class BrokerError extends PinestreamError {
  readonly code = "PINE_BROKER";
  override readonly statusCode = 503;
  /** What kind of broker it is, such as `redis`. */
  readonly broker: string;

  constructor(broker: string, problem: string, options: PinestreamErrorOptions = {}) {
    super(`${broker} broker: ${problem}`, options);
    this.broker = broker;
  }
}
