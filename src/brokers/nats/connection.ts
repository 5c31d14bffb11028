import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from "@nats-io/jetstream";
import { connect, type NatsConnection, type NodeConnectionOptions } from "@nats-io/transport-node";

import { BrokerError } from "../../errors/topic-errors.ts";
import { NotDoneError } from "../link/attempt.ts";
import type { LinkSpec } from "../link/link.ts";

/** A connection to NATS, and the ways to speak to JetStream on it. */
export interface JetStreamConnection {
  readonly core: NatsConnection;
  readonly publisher: JetStreamClient;
  readonly manager: JetStreamManager;
}

/** Options of the client: a user, a token, TLS. Reconnecting is the broker's own. */
export type NatsConnectionOptions = Omit<
  NodeConnectionOptions,
  | "servers"
  | "port"
  | "reconnect"
  | "maxReconnectAttempts"
  | "reconnectTimeWait"
  | "reconnectJitter"
  | "reconnectJitterTLS"
  | "reconnectDelayHandler"
  | "waitOnFirstConnect"
>;

const CONNECT_MS = 3_000;
const PING_MS = 5_000;
const ANSWER_MS = 5_000;

/** Codes of JetStream's answers that mean it can't now, but may soon. */
const LATER_CODES = new Set([503, 10_008, 10_009]);

/** Says how connections to NATS are made. */
export function natsConnections(
  servers: string | string[],
  options: NatsConnectionOptions,
): Pick<LinkSpec<JetStreamConnection>, "open" | "end"> {
  return {
    async open(onBreak, signal) {
      const core = await connect({
        timeout: CONNECT_MS,
        pingInterval: PING_MS,
        maxPingOut: 2,
        noAsyncTraces: true,
        ...options,
        servers,
        reconnect: false,
      });
      void core.closed().then(onBreak, onBreak);
      if (signal.aborted) {
        await core.close();
        throw new Error("closed");
      }
      const settings = { timeout: ANSWER_MS, checkAPI: false };
      return {
        core,
        publisher: jetstream(core, settings),
        manager: await jetstreamManager(core, settings),
      };
    },
    end({ core }) {
      core.close().catch(() => undefined);
    },
  };
}

/** Tells errors after which all is as before and may be tried again, and those that trying again won't help. */
export function classifyError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name, message } = error;
  const code = (error as { code?: unknown }).code;
  if (error instanceof BrokerError || error instanceof NotDoneError) return error;
  // Nobody listens: the stream is not there, or JetStream is still starting.
  if (name === "JetStreamNotEnabled") return new NotDoneError(message, { cause: error });
  if (name === "ClosedConnectionError") return new NotDoneError(message, { cause: error });
  if (name === "InvalidArgumentError" && message.includes("max_payload")) {
    return new BrokerError(
      "nats",
      "the event is larger than the server's max_payload (1 MB by default). Raise that in the server's " +
        "configuration, or send less and let clients fetch the rest. Nothing was published.",
      { cause: error },
    );
  }
  if (typeof code !== "number") return error;
  if (LATER_CODES.has(code)) return new NotDoneError(message, { cause: error });
  return new BrokerError("nats", `JetStream refused what it was asked: ${message} (${code}).`, {
    cause: error,
  });
}
