import type { FastifyBaseLogger, FastifyReply, FastifyRequest } from "fastify";
import type { z } from "zod";

import type { StreamConnection } from "../connection/stream-connection.ts";
import type { SSEConnection } from "../connection/types.ts";
import type { AnyEvents } from "../schema/events.ts";
import type { RegisteredContext, RegisteredUser } from "../endpoint/register.ts";
import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { UnauthorizedError } from "../errors/http-errors.ts";
import type { Run } from "./types.ts";

/** What the framework gives to handlers and guards. */
export interface BaseContext {
  /** Fastify's request. */
  readonly request: FastifyRequest;
  /** Fastify's reply; headers set on it before the head goes out are sent with the stream. */
  readonly reply: FastifyReply;
  /** The request's headers. */
  readonly headers: FastifyRequest["headers"];
  /**
   * The method's arguments by name, as parsed.
   *
   * @throws InvalidParametersError if they do not fit.
   */
  readonly params: Readonly<Record<string, unknown>>;
  /**
   * Who is signed in.
   *
   * @throws UnauthorizedError (401) if nobody is.
   */
  readonly user: RegisteredUser;
  /** Who is signed in, or `null`. */
  readonly optionalUser: RegisteredUser | null;
  /** Aborts when the stream is over, or for a JSON endpoint when the client has left; `reason` says why. */
  readonly signal: AbortSignal;
  /** The id of the last event the client has seen: the header, else the query parameter `lastEventId`. */
  readonly lastEventId: string | undefined;
  /** The run of a durable endpoint; `undefined` on any other. */
  readonly run: Run | undefined;
  /** The request's logger. */
  readonly log: FastifyBaseLogger;
  /**
   * Opens the stream. The head goes out when the handler first waits. `events` gives the types; what is
   * validated is the schema of `@stream`. A second call gives the same connection.
   *
   * @throws EventValidationError if `events` names an event that `@stream` does not declare.
   */
  createSSE<E extends z.ZodObject = AnyEvents>(events?: E): SSEConnection<E>;
}

/** What a method's parameter of this type is given: `BaseContext` and what the application registered. */
export type Context = BaseContext & RegisteredContext;

/** The request that a context is for. */
export interface ContextSource {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly lastEventId: string | undefined;
  /** The stream's connection; a JSON endpoint has only a signal. */
  readonly connection: StreamConnection | undefined;
  readonly signal: AbortSignal;
  readonly run?: Run | undefined;
}

/** What a context needs to know of its endpoint. */
interface ContextEndpoint {
  readonly name: string;
  parse(request: FastifyRequest): Record<string, unknown>;
}

/** The context of one request. */
export class RequestContext implements BaseContext {
  readonly #endpoint: ContextEndpoint;
  readonly #source: ContextSource;
  readonly #user: RegisteredUser | null;
  #params: Record<string, unknown> | undefined;

  constructor(endpoint: ContextEndpoint, source: ContextSource, user: RegisteredUser | null) {
    this.#endpoint = endpoint;
    this.#source = source;
    this.#user = user;
  }

  get request(): FastifyRequest {
    return this.#source.request;
  }

  get reply(): FastifyReply {
    return this.#source.reply;
  }

  get headers(): FastifyRequest["headers"] {
    return this.#source.request.headers;
  }

  get params(): Readonly<Record<string, unknown>> {
    return (this.#params ??= this.#endpoint.parse(this.#source.request));
  }

  get user(): RegisteredUser {
    if (this.#user === null) throw new UnauthorizedError(undefined, { endpoint: this.#endpoint.name });
    return this.#user;
  }

  get optionalUser(): RegisteredUser | null {
    return this.#user;
  }

  get signal(): AbortSignal {
    return this.#source.signal;
  }

  get lastEventId(): string | undefined {
    return this.#source.lastEventId;
  }

  get run(): Run | undefined {
    return this.#source.run;
  }

  get log(): FastifyBaseLogger {
    return this.#source.request.log;
  }

  createSSE<E extends z.ZodObject = AnyEvents>(events?: E): SSEConnection<E> {
    const { connection } = this.#source;
    if (!connection) {
      throw new EndpointDefinitionError(
        this.#endpoint.name,
        "is no stream. Add @stream to the method to use createSSE.",
      );
    }
    return connection.open(events) as unknown as SSEConnection<E>;
  }
}

/**
 * Adds the application's extras to a context.
 *
 * @throws EndpointDefinitionError if one has a name of the framework's.
 */
export function extendContext(endpoint: string, context: RequestContext, extras: object): void {
  for (const [key, value] of Object.entries(extras)) {
    if (key in context) {
      throw new EndpointDefinitionError(
        endpoint,
        `the server's context option adds ${JSON.stringify(key)}, which every context already has. Rename it.`,
      );
    }
    Object.defineProperty(context, key, { value, enumerable: true, configurable: true });
  }
}
