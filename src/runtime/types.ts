import type { FastifyRequest } from "fastify";

import type { ConnectionSettings } from "../connection/settings.ts";
import type { RequestParser } from "../params/request-parser.ts";
import type { Authenticate } from "./authenticate.ts";
import type { Guard } from "./guards.ts";
import type { StreamConnection } from "../connection/stream-connection.ts";

/** An endpoint made ready to serve: nothing is looked up or compiled for a request. */
export interface RuntimeEndpoint {
  /** `ClassName.methodName`. */
  name: string;
  model: object;
  /** The method as it is called. */
  handler: (...args: unknown[]) => unknown;
  guards: readonly Guard[];
  parser: RequestParser;
  /** Where the arguments come from. */
  source: "query" | "body";
  /** `true` where the path may hold parameters. */
  hasOwnPath: boolean;
  /** Settings of the stream's connections; `undefined` for a JSON endpoint. */
  stream: ConnectionSettings | undefined;
  contentType: string | undefined;
}

/** One request to a stream, as the server sees it. */
export interface OpenStream {
  /** Unique within the process. */
  readonly id: string;
  readonly connection: StreamConnection;
  /** `ClassName.methodName`. */
  readonly endpoint: string;
  readonly user: unknown;
  readonly openedAt: Date;
  /** Whether its handler was started. */
  readonly isListed: boolean;
  /** Cuts the connection, whatever state it is in. */
  destroy(): void;
}

/** A place among the connections that a server allows. */
export interface Lease {
  /** Counts the connection for its user. @throws TooManyConnectionsError */
  identify(user: unknown): void;
  /** Gives the place back. May be called repeatedly. */
  release(): void;
}

/** What the runtime needs from the server. */
export interface StreamHost {
  readonly authenticate: Authenticate | undefined;
  /** What the application adds to a context. */
  readonly extras: ((request: FastifyRequest) => object | Promise<object>) | undefined;
  readonly maxLifetimeMs: number | undefined;
  /** Finds a place for a new stream. @throws ServerBusyError */
  admit(request: FastifyRequest): Lease;
  /** A request has come in. */
  onStart(stream: OpenStream): void;
  /** Its user is known. */
  onIdentify(stream: OpenStream): void;
  /** Its handler is about to run. */
  onOpen(stream: OpenStream): void;
  /** Its connection is done; the handler may still be running. */
  onFinish(stream: OpenStream): void;
  /** Its handler has ended; the connection may still be sending. */
  onEnd(stream: OpenStream): void;
}
