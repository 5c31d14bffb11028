import type { FastifyReply, FastifyRequest } from "fastify";

import type { ConnectionSettings } from "../connection/settings.ts";
import type { Transport } from "../connection/transport.ts";
import type { RequestParser } from "../params/request-parser.ts";
import type { RunSettings } from "../runs/run-log.ts";
import type { Broker } from "../topic/broker.ts";
import type { Authenticate } from "./authenticate.ts";
import type { Guard } from "./guards.ts";
import type { StreamConnection } from "../connection/stream-connection.ts";

/** What a handler of a durable endpoint may know and do about its run. */
export interface Run {
  /** The run's id, by which it can be watched and cancelled: `{path}/{id}`. */
  readonly id: string;
  /** Stops the run: `ctx.signal` aborts, and the handler is unwound. Its viewers are not told that it has ended. */
  cancel(): void;
}

/** An endpoint made ready to serve: nothing is looked up or compiled for a request. */
export interface RuntimeEndpoint {
  /** `ClassName.methodName`. */
  name: string;
  model: object;
  /** The method as it is called. */
  handler: (...args: unknown[]) => unknown;
  guards: readonly Guard[];
  parser: RequestParser;
  /** Reads the arguments of a request by name. @throws InvalidParametersError */
  parse(request: FastifyRequest): Record<string, unknown>;
  /** Settings of the stream's connections; `undefined` for a JSON endpoint. */
  stream: ConnectionSettings | undefined;
  contentType: string | undefined;
  /** Whether its handler runs on without its clients. */
  isDurable: boolean;
}

/** One request to a stream, as the server sees it. */
export interface OpenStream {
  /** Unique within the process. */
  readonly id: string;
  readonly connection: StreamConnection;
  /** `ClassName.methodName`. */
  readonly endpoint: string;
  readonly user: unknown;
  /** ms since the epoch. */
  readonly openedAt: number;
  /** Whether its user is known. */
  readonly isIdentified: boolean;
  /** Whether its handler was started. */
  readonly isListed: boolean;
  /** Cuts the connection, whatever state it is in. */
  destroy(): void;
}

/** A place among the connections that a server allows. */
export interface Lease {
  /** Counts the connection for its user, else for where it comes from. @throws TooManyConnectionsError */
  identify(user: unknown, request: FastifyRequest): void;
  /** Gives the place back; to be called once. */
  release(): void;
}

/** Where the runs of a server are kept. */
export interface RunHost {
  readonly settings: RunSettings;
  broker(): Broker;
  /** Lists a run. @throws ServerBusyError where there are too many. */
  add(run: Run & OpenStream): void;
  /** Takes a run off the list; may be called repeatedly. */
  remove(run: Run & OpenStream): void;
}

/** How requests to streams are answered. */
export interface Answers {
  /** Writes the head and gives the transport to `onHead`, at once or later; or answers with an error. */
  sendHead(reply: FastifyReply, onHead: (transport: Transport) => void, onFailure: () => void): void;
  /** Whether an answer was begun that is not the stream's. */
  hasAnswered(reply: FastifyReply): boolean;
  /** Answers with an ordinary HTTP error. */
  sendError(reply: FastifyReply, error: unknown): void;
  /** Cuts the connection without an answer. */
  destroy(reply: FastifyReply): void;
}

/** What the runtime needs from the server. */
export interface StreamHost {
  readonly answers: Answers;
  readonly authenticate: Authenticate | undefined;
  /** What the application adds to a context. */
  readonly extras: ((request: FastifyRequest) => object | Promise<object>) | undefined;
  readonly maxLifetimeMs: number | undefined;
  readonly runs: RunHost;
  /** Finds a place for a new stream. @throws ServerBusyError */
  admit(): Lease;
  /** A request has come in. */
  onStart(stream: OpenStream): void;
  /** Its handler is about to run. */
  onOpen(stream: OpenStream): void;
  /** Its connection is done; the handler may still be running. */
  onFinish(stream: OpenStream): void;
  /** Its handler has ended; the connection may still be sending. */
  onEnd(stream: OpenStream): void;
}
