import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from "fastify";

import { EventCodec } from "../schema/event-codec.ts";
import { checkGuards, checkRoutes, isDownleveled } from "../endpoint/check.ts";
import { collectEndpoints, type Endpoint } from "../endpoint/collect.ts";
import { streamClosed, streamOpened } from "../observe/channels.ts";
import { readParameterNames } from "../params/parameter-names.ts";
import { createRequestParser } from "../params/request-parser.ts";
import { resolveParameters } from "../reflect/resolve-parameters.ts";
import { BUILT_IN_GUARDS, type Guard, type Guards } from "../runtime/guards.ts";
import type { Answers, Lease, OpenStream, RuntimeEndpoint, StreamHost } from "../runtime/types.ts";
import { wrapMethods } from "../runtime/wrap-methods.ts";
import { canFindAwaitChain } from "../scope/await-chain.ts";
import { catchStrayRejections } from "../scope/stray-rejections.ts";
import { currentBroker, offerBroker } from "../topic/current-broker.ts";
import { createPipe } from "../topic/pipe.ts";
import { hasAnswered } from "./answered.ts";
import { useDatabase, type DatabaseUse } from "./database.ts";
import { sendError } from "./error-reply.ts";
import { destroy, sendHead } from "./head.ts";
import { ConnectionLimits } from "./limits.ts";
import { loadModels } from "./load-models.ts";
import { readOptions, type PinestreamOptions, type Settings } from "./options.ts";
import { ActiveStreams } from "./shutdown.ts";
import { Runs } from "../runtime/runs.ts";
import type { Streams } from "./streams.ts";

/** What is left to Fastify for closing itself, in ms. */
const PLUGIN_MARGIN_MS = 500;

/** Options of the plugin together with Fastify's own. */
export interface ServeOptions extends PinestreamOptions {
  /** Path before all routes; none by default when registered as a plugin. */
  prefix?: string;
}

/** An endpoint with its route. */
export interface Route extends RuntimeEndpoint {
  httpMethod: Endpoint["httpMethod"];
  path: string;
  compress: boolean | undefined;
}

/** All that one registration of the plugin serves, made ready before the first request. */
export class Application implements StreamHost {
  readonly answers: Answers = { sendHead, hasAnswered, sendError, destroy };
  readonly routes: readonly Route[];
  readonly runs: Runs;
  readonly authenticate: StreamHost["authenticate"];
  readonly extras: StreamHost["extras"];
  readonly maxLifetimeMs: number | undefined;
  readonly #settings: Settings;
  readonly #limits: ConnectionLimits;
  readonly #active = new ActiveStreams();
  readonly #downleveled: readonly string[];
  readonly #database: DatabaseUse;
  readonly #release: () => void;
  readonly #withdrawBroker: (() => Promise<void>) | undefined;

  private constructor(
    options: PinestreamOptions,
    parts: {
      settings: Settings;
      routes: readonly Route[];
      downleveled: readonly string[];
      database: DatabaseUse;
      release: () => void;
    },
  ) {
    this.authenticate = options.authenticate;
    this.extras = options.context;
    this.maxLifetimeMs = options.maxLifetime;
    this.routes = parts.routes;
    this.runs = new Runs(() => options.broker ?? currentBroker(), options.runs);
    this.#settings = parts.settings;
    this.#limits = new ConnectionLimits(options);
    this.#downleveled = parts.downleveled;
    this.#database = parts.database;
    this.#release = parts.release;
    this.#withdrawBroker = options.broker && offerBroker(options.broker);
  }

  /**
   * Loads the models and makes their endpoints ready.
   *
   * @throws EndpointDefinitionError, ParameterDescriptionError, DatabaseError, TypeError for a wrong option.
   */
  static async prepare(options: PinestreamOptions): Promise<Application> {
    const settings = readOptions(options);
    const models = await loadModels(options.models);
    const guards: Guards = { ...BUILT_IN_GUARDS, ...options.guards };
    const endpoints = models.flatMap(collectEndpoints);
    checkRoutes(endpoints);
    for (const { name, guards: wanted } of endpoints) checkGuards(name, wanted, Object.keys(guards));
    const routes = await toRoutes(endpoints, options, settings, guards);
    const database = await useDatabase(models, options.database);
    for (const model of models) wrapMethods(model);
    return new Application(options, {
      settings,
      routes,
      downleveled: endpoints
        .filter(({ stream, method }) => stream && isDownleveled(method))
        .map(({ name }) => name),
      database,
      release: catchStrayRejections(),
    });
  }

  /** Has the open streams listed. */
  listIn(streams: Streams): void {
    streams.include(this.#active);
  }

  admit(): Lease {
    return this.#limits.admit();
  }

  onStart(stream: OpenStream): void {
    this.#active.add(stream);
  }

  onOpen({ id, endpoint, user }: OpenStream): void {
    if (streamOpened.hasSubscribers) streamOpened.publish({ id, endpoint, user });
  }

  onFinish(stream: OpenStream): void {
    this.#active.noteFinished(stream);
    if (!streamClosed.hasSubscribers || !stream.isListed) return;
    const { id, endpoint, user, connection } = stream;
    const { reason, events, bytes } = connection;
    streamClosed.publish({ id, endpoint, user, reason, events, bytes });
  }

  onEnd(stream: OpenStream): void {
    this.#active.noteEnded(stream);
  }

  /**
   * Most time in ms that a shutdown may take: `shutdownTimeout`, but less than what Fastify allows a plugin to
   * close in, since it would fail then.
   */
  shutdownBoundMs({ initialConfig }: FastifyInstance): number {
    const { shutdownTimeout } = this.#settings;
    const { pluginTimeout } = initialConfig;
    return pluginTimeout ? Math.min(shutdownTimeout, pluginTimeout - PLUGIN_MARGIN_MS) : shutdownTimeout;
  }

  /** Refuses new streams, ends the open ones, and waits for their handlers for `boundMs` at most. */
  async drain(log: FastifyBaseLogger, boundMs: number): Promise<void> {
    this.#limits.close();
    const running = await this.#active.drain(boundMs);
    if (running.length === 0) return;
    log.warn(
      { endpoints: [...new Set(running)] },
      `${running.length} handlers were still running when the server closed. ` +
        "Pass ctx.signal to what they wait for, use sse.sleep, or raise shutdownTimeout; a client that takes nothing " +
        "holds up a handler that waits in sse.end().",
    );
  }

  /** Begins what may take its time, the server being there for others meanwhile. */
  async warmUp(log: FastifyBaseLogger): Promise<void> {
    try {
      await this.#database.start();
    } catch (error) {
      log.error({ err: error }, "the database is not usable");
    }
  }

  /** Lets go of what the application holds. */
  async close(): Promise<void> {
    this.#release();
    await Promise.all([this.#database.release(), this.#withdrawBroker?.()]);
  }

  /** Says once in the log where handlers cannot be unwound. */
  async warnOfLimits(log: FastifyBaseLogger): Promise<void> {
    if (!this.routes.some(({ stream }) => stream)) return;
    const reason = (await canFindAwaitChain())
      ? this.#downleveled.length > 0 &&
        `${this.#downleveled.join(", ")}: compiled to ES2017 or older. Set the compiler's target to ES2018 or later`
      : "V8's async stack traces are off. Run node without --no-async-stack-traces, and compile to ES2018 or later";
    if (!reason) return;
    log.warn(
      `A handler that loops without yield goes on after its client has left, until it looks at ctx.signal: ${reason}.`,
    );
  }
}

async function toRoutes(
  endpoints: readonly Endpoint[],
  options: PinestreamOptions,
  settings: Settings,
  guards: Guards,
): Promise<Route[]> {
  const methods = endpoints.map((endpoint) => ({
    className: endpoint.className,
    methodName: endpoint.methodName,
    length: endpoint.method.length,
    parameterNames: readParameterNames(endpoint.method),
    site: endpoint.site,
    params: endpoint.params,
    endpoint,
  }));
  const resolved = await resolveParameters(methods, {
    manifest: options.manifest,
    production: process.env["NODE_ENV"] === "production",
  });
  const { broker } = options;
  const pipe = createPipe(() => broker ?? currentBroker());
  return methods.map((method) => {
    const { endpoint } = method;
    const { name, model, methodName, httpMethod, stream, api } = endpoint;
    const source = httpMethod === "GET" || httpMethod === "DELETE" ? "query" : "body";
    const parameters = resolved.get(method) ?? { parameters: [] };
    const parser = createRequestParser({ endpoint: name, parameters, source });
    return {
      name,
      model,
      handler: (model as Record<string, RuntimeEndpoint["handler"]>)[
        methodName
      ] as RuntimeEndpoint["handler"],
      guards: endpoint.guards.map((guard) => guards[guard] as Guard),
      parser,
      parse: (request) => parser.parse(rawParameters(request, source, endpoint.hasOwnPath)),
      httpMethod,
      path: endpoint.path,
      contentType: api.contentType,
      isDurable: stream?.durable === true,
      compress: stream ? false : api.compress,
      stream: stream && {
        endpoint: name,
        codec: new EventCodec(name, stream.events),
        pipe,
        keepAliveMs: stream.keepAlive ?? settings.keepAlive,
        retryMs: stream.retry,
        maxBufferedBytes: settings.maxBufferedBytes,
        overflow: stream.overflow ?? settings.overflow,
        stallTimeoutMs: settings.stallTimeout,
      },
    };
  });
}

/** Gives a request's arguments as they came: the body, or the query string with what the path holds. */
function rawParameters(request: FastifyRequest, source: "query" | "body", hasOwnPath: boolean): unknown {
  if (source === "body") return request.body ?? {};
  if (!hasOwnPath) return request.query;
  return { ...(request.query as object), ...(request.params as object) };
}
