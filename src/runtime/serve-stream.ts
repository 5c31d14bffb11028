// The life of one request to a stream, drawn in docs/lifecycle.md: limits, sign-in, guards, arguments, handler,
// and one way out for every failure. The connection exists from the first line on, so that a client that
// leaves at any point is noticed, and whatever is held is let go of in `onFinished` alone.

import type { FastifyReply, FastifyRequest } from "fastify";

import { jitter } from "../async/jitter.ts";
import { startTimer, type Timer } from "../async/timer.ts";
import type { ConnectionSettings } from "../connection/settings.ts";
import { StreamConnection, type ConnectionHost } from "../connection/stream-connection.ts";
import type { CloseReason } from "../errors/stream-errors.ts";
import { findFieldProblem, LAST_EVENT_ID_HEADER, LAST_EVENT_ID_PARAMETER } from "../wire/event-stream.ts";
import { parseEndId } from "../wire/end-id.ts";
import type { Identity } from "./authenticate.ts";
import { watchDeparture } from "./departure.ts";
import { drive, isUnwinding, type Handler, type HandlerOwner } from "./drive.ts";
import { enter } from "./enter.ts";
import { describeFailure } from "./failure.ts";
import { refusalFor } from "./refusal.ts";
import { serveRun, type RunRequest } from "./serve-run.ts";
import type { Lease, OpenStream, RuntimeEndpoint, StreamHost } from "./types.ts";

/** Tells whether this request is a browser's reconnection after the endpoint had ended, to be told 204. */
export function hasEnded(endpoint: string, request: FastifyRequest): boolean {
  const id = readLastEventId(request);
  return id !== undefined && parseEndId(id, endpoint).ended;
}

/**
 * Serves one request to a stream; never rejects. `onEnd` of the host tells when the handler has ended, in whatever
 * way. `runId` is the run of a durable endpoint that the path names, if it names one.
 */
export async function serveStream(
  endpoint: RuntimeEndpoint & { stream: ConnectionSettings },
  host: StreamHost,
  request: FastifyRequest,
  reply: FastifyReply,
  runId?: string,
): Promise<void> {
  const run = new StreamRun(endpoint, host, request, reply, runId);
  const { connection } = run;
  try {
    if (!connection.closed) {
      run.lease = host.admit();
      if (endpoint.isDurable) {
        await serveRun(endpoint, host, run);
      } else {
        const handler = await run.start();
        if (handler) {
          drive(handler, run);
          return;
        }
      }
    }
  } catch (error) {
    run.onThrow(error);
    return;
  }
  await run.onReturn();
}

const STARTED_AT = Date.now();
let created = 0;

class StreamRun implements ConnectionHost, OpenStream, RunRequest, HandlerOwner {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly runId: string | undefined;
  readonly connection: StreamConnection;
  /** In ms of the process, a small number, which takes less room than a date. */
  readonly #openedMs = Date.now() - STARTED_AT;
  isIdentified = false;
  isListed = false;
  lease: Lease | undefined;
  user: unknown = null;
  readonly #endpoint: RuntimeEndpoint & { stream: ConnectionSettings };
  readonly #host: StreamHost;
  readonly #serial = ++created;
  readonly #unwatchDeparture: (() => void) | undefined;
  #timers: Timer[] | undefined;

  constructor(
    endpoint: RuntimeEndpoint & { stream: ConnectionSettings },
    host: StreamHost,
    request: FastifyRequest,
    reply: FastifyReply,
    runId: string | undefined,
  ) {
    this.#endpoint = endpoint;
    this.#host = host;
    this.request = request;
    this.reply = reply;
    this.runId = runId;
    const id = readLastEventId(request);
    const position = id === undefined ? "" : parseEndId(id, endpoint.name).position;
    const connection = new StreamConnection(endpoint.stream, this, position === "" ? undefined : position);
    this.connection = connection;
    host.onStart(this);
    // Last, because it is told at once of a client that has left already.
    this.#unwatchDeparture = watchDeparture(request, reply, connection.gone.bind(connection));
  }

  get id(): string {
    return this.#serial.toString(36);
  }

  get openedAt(): number {
    return STARTED_AT + this.#openedMs;
  }

  get lastEventId(): string | undefined {
    return this.connection.lastEventId;
  }

  get signal(): AbortSignal {
    return this.connection.signal;
  }

  get log(): FastifyRequest["log"] {
    return this.request.log;
  }

  get endpoint(): string {
    return this.#endpoint.name;
  }

  /** Lets the request in. Gives the handler, unless the client has left meanwhile. */
  async start(): Promise<Handler | undefined> {
    const { handler, model } = this.#endpoint;
    const args = await enter(this.#endpoint, this.#host, this);
    if (this.connection.closed) return undefined;
    this.onEnter();
    return handler.apply(model, args) as Handler;
  }

  /** Lists the stream as open and starts its lifetime. */
  onEnter(): void {
    this.isListed = true;
    const { maxLifetimeMs } = this.#host;
    if (maxLifetimeMs !== undefined) {
      const lifetimeMs = jitter(maxLifetimeMs * 0.8, maxLifetimeMs);
      this.#closeAfter(lifetimeMs, "lifetime");
    }
    this.#host.onOpen(this);
  }

  /** Counts the stream for its user and ends it with the sign-in. @throws TooManyConnectionsError */
  onIdentity({ user, expiresAt }: Identity): void {
    this.user = user;
    // A client that left meanwhile has had everything let go of already; nothing may be taken for it any more.
    if (this.connection.closed) return;
    this.lease?.identify(user, this.request);
    this.isIdentified = true;
    if (expiresAt === undefined || expiresAt === Number.POSITIVE_INFINITY) return;
    this.#closeAfter(expiresAt - Date.now(), "expired");
  }

  /** Cuts the connection, whatever state it is in. */
  destroy(): void {
    this.connection.cut();
    this.#host.answers.destroy(this.reply);
  }

  commitHead(): void {
    this.#host.answers.sendHead(
      this.reply,
      (transport) => this.connection.attach(transport),
      () => this.connection.abandon(),
    );
  }

  onClosed(_reason: CloseReason): void {
    for (const timer of this.#timers ?? []) timer.clear();
    this.#timers = undefined;
  }

  onFinished(): void {
    this.#unwatchDeparture?.();
    const { reason, committed } = this.connection;
    if (!committed && (reason === "overflow" || reason === "stalled")) {
      this.#host.answers.destroy(this.reply);
    }
    this.lease?.release();
    this.#host.onFinish(this);
  }

  async onReturn(): Promise<void> {
    const { connection, reply } = this;
    try {
      const refusal = connection.isOpen ? undefined : refusalFor(connection.reason);
      if (refusal) this.#fail(refusal);
      else if (connection.isOpen || !this.#host.answers.hasAnswered(reply)) await connection.end();
      else connection.gone();
    } finally {
      this.#noteEnd();
    }
  }

  /** The handler, or something before it, has thrown. */
  onThrow(error: unknown): void {
    this.#fail(error);
    this.#noteEnd();
  }

  #noteEnd(): void {
    this.connection.unwinder.disarm();
    this.#host.onEnd(this);
  }

  #fail(error: unknown): void {
    const { connection } = this;
    if (connection.closed && connection.reason !== "error") {
      const isExpected = isUnwinding(error, connection) || !connection.isOpen;
      if (!isExpected) this.#logFailure(error, "the handler failed after its stream was over");
      if (!connection.committed && connection.reason !== "client") this.#answer(refusalOr(connection, error));
      return;
    }
    if (!connection.committed) {
      this.#answer(error);
      return;
    }
    this.#logFailure(error, "the handler failed; its stream was closed without an end event");
    const { event, data } = describeFailure(error);
    if (this.#endpoint.stream.codec.accepts(event, data)) connection.publish(event, data);
    connection.close("error");
  }

  #closeAfter(delayMs: number, reason: CloseReason): void {
    const close = (): void => this.connection.close(reason);
    this.#timers = [...(this.#timers ?? []), startTimer(delayMs, close, { background: true })];
  }

  #answer(error: unknown): void {
    this.connection.abandon();
    this.#host.answers.sendError(this.reply, error);
  }

  #logFailure(error: unknown, what: string): void {
    this.log.error({ err: error, endpoint: this.#endpoint.name }, `${this.#endpoint.name}: ${what}`);
  }
}

/** Most characters of a last event ID, enough for all the topics of a stream; what is longer was not ours. */
const MAX_ID_LENGTH = 4_096;

/** Gives the id that the client has sent. One that no event could have had counts as none. */
function readLastEventId(request: FastifyRequest): string | undefined {
  const header = request.headers[LAST_EVENT_ID_HEADER];
  const query = (request.query as Record<string, unknown> | undefined)?.[LAST_EVENT_ID_PARAMETER];
  const value: unknown =
    typeof header === "string" && header !== ""
      ? decodeHeader(header)
      : Array.isArray(query)
        ? query.at(-1)
        : query;
  if (typeof value !== "string" || value === "" || value.length > MAX_ID_LENGTH) return undefined;
  return findFieldProblem(value) === undefined ? value : undefined;
}

/** Node reads the bytes of a header as Latin-1, while clients send the id as UTF-8 (HTML 9.2.4). */
function decodeHeader(value: string): string {
  const text = Buffer.from(value, "latin1").toString("utf8");
  return text.includes("\uFFFD") ? value : text;
}

function refusalOr(connection: StreamConnection, error: unknown): unknown {
  return refusalFor(connection.reason) ?? error;
}
