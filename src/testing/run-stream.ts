// Runs a stream method on the framework's own runtime: a real Fastify request that no socket carries, the real
// connection with its validation and unwinding, and a transport that keeps what it is given.

import Fastify, { type FastifyReply, type FastifyRequest } from "fastify";
import type { z } from "zod";

import { createDeferred } from "../async/deferred.ts";
import { EventCodec } from "../schema/event-codec.ts";
import type { Transport } from "../connection/transport.ts";
import type { AnyEvents, PublishOptions } from "../schema/events.ts";
import { collectEndpoints, type Endpoint } from "../endpoint/collect.ts";
import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { suggest } from "../errors/suggest.ts";
import { createRequestParser } from "../params/request-parser.ts";
import { readParameterNames } from "../params/parameter-names.ts";
import { resolveParameters } from "../reflect/resolve-parameters.ts";
import type { Handler } from "../runtime/drive.ts";
import { Runs } from "../runtime/runs.ts";
import { serveStream } from "../runtime/serve-stream.ts";
import type { OpenStream, RuntimeEndpoint, StreamHost } from "../runtime/types.ts";
import { wrapMethods } from "../runtime/wrap-methods.ts";
import { currentBroker } from "../topic/current-broker.ts";
import { nameArguments } from "./arguments.ts";
import { EventLog } from "./event-log.ts";
import { createRecordingPipe } from "./recording-pipe.ts";
import type { ArgumentsOf, RunStreamOptions, StreamMethodName, StreamRun } from "./types.ts";

/**
 * Runs a stream method with arguments and a user, without a network. The method runs at once; read its events
 * by iterating, `next` or `take`, and leave with `close`. Guards and `authenticate` are not asked.
 *
 * @param model An instance, or a class that takes no arguments.
 * @throws EndpointDefinitionError if the method is no stream or its declaration cannot work.
 */
export function runStream<M extends object, K extends StreamMethodName<M>, E extends z.ZodObject = AnyEvents>(
  model: M | (new () => M),
  method: K,
  options: RunStreamOptions<E, ArgumentsOf<M[K]>> = {},
): StreamRun<E> {
  const instance = typeof model === "function" ? new model() : model;
  const endpoint = findEndpoint(instance, method);
  wrapMethods(instance);
  const log = new EventLog<E>();
  void start(endpoint, options as RunStreamOptions<E, readonly unknown[]>, log);
  return log;
}

function findEndpoint(model: object, methodName: string): Endpoint {
  const endpoints = collectEndpoints(model).filter(({ stream }) => stream);
  const endpoint = endpoints.find((candidate) => candidate.methodName === methodName);
  if (endpoint) return endpoint;
  const names = endpoints.map((candidate) => candidate.methodName);
  throw new EndpointDefinitionError(
    `${model.constructor.name}.${methodName}`,
    `is no stream (streams: ${names.join(", ") || "none"}).${suggest(methodName, names)}`,
  );
}

async function start<E extends z.ZodObject>(
  endpoint: Endpoint,
  options: RunStreamOptions<E, readonly unknown[]>,
  log: EventLog<E>,
): Promise<void> {
  const ended = createDeferred();
  try {
    const runtime = await toRuntime(endpoint, options.args ?? [], log);
    const host = createHost(options, log, ended.resolve);
    const app = Fastify();
    const { httpMethod: method } = endpoint;
    const handler = (request: FastifyRequest, reply: FastifyReply): void => {
      void ended.promise.then(() => {
        reply.hijack();
        reply.raw.end();
      });
      void serveStream(runtime, host, request, reply);
    };
    app.route({ method, url: "/*", handler });
    const headers = {
      ...options.headers,
      ...(options.lastEventId ? { "last-event-id": options.lastEventId } : {}),
    };
    void app.inject({ method, url: endpoint.path, headers });
    await ended.promise;
    await app.close();
  } catch (error) {
    log.fail(error);
  }
  log.finish();
}

function createHost<E extends z.ZodObject>(
  { user, context }: RunStreamOptions<E, readonly unknown[]>,
  log: EventLog<E>,
  onEnd: () => void,
): StreamHost {
  return {
    answers: {
      sendHead: (reply, onHead) => {
        reply.hijack();
        onHead(new DiscardingTransport());
      },
      hasAnswered: () => false,
      sendError: (_reply, error) => log.fail(error),
      destroy: () => {},
    },
    authenticate: () => user ?? null,
    extras: context && (() => context),
    maxLifetimeMs: undefined,
    runs: new Runs(currentBroker),
    admit: () => ({ identify: () => {}, release: () => {} }),
    onStart: (stream: OpenStream) => log.start(stream.connection),
    onOpen: () => {},
    onFinish: () => {},
    onEnd,
  };
}

async function toRuntime<E extends z.ZodObject>(
  endpoint: Endpoint,
  args: readonly unknown[],
  log: EventLog<E>,
): Promise<RuntimeEndpoint & { stream: NonNullable<RuntimeEndpoint["stream"]> }> {
  const { name, model, methodName, className, method, site, params, stream } = endpoint;
  const parameterNames = readParameterNames(method);
  const target = { className, methodName, length: method.length, parameterNames, site, params };
  const described = await resolveParameters([target], { production: false, partial: true });
  const parameters = described.get(target) ?? { parameters: [] };
  const call = (model as Record<string, (...given: unknown[]) => Handler>)[methodName];
  return {
    name,
    model,
    handler: (...given) => watchFailure(call?.apply(model, given) as Handler, log),
    guards: [],
    // What is given is what a request would have been parsed to.
    parser: createRequestParser({ endpoint: name, parameters, source: "body" }),
    parse: () => nameArguments(name, parameters, args),
    contentType: undefined,
    isDurable: false,
    stream: {
      endpoint: name,
      codec: new RecordingCodec(name, stream?.events as E, log),
      pipe: createRecordingPipe(stream?.events as E, (event, data, id) => log.record(event, data, id)),
      keepAliveMs: false,
      retryMs: undefined,
      maxBufferedBytes: Number.POSITIVE_INFINITY,
      overflow: "close",
      stallTimeoutMs: 30_000,
    },
  };
}

/** What a handler throws after the head is told to no client, but a test wants to see it. */
function watchFailure<E extends z.ZodObject>(handler: Handler, log: EventLog<E>): Handler {
  const watch = async <T>(step: Promise<T>): Promise<T> => {
    try {
      return await step;
    } catch (error) {
      log.fail(error);
      throw error;
    }
  };
  return {
    next: () => watch(handler.next()),
    return: (value) => watch(handler.return(value)),
    throw: (error) => watch(handler.throw(error)),
    [Symbol.asyncIterator]() {
      return this;
    },
  } as Handler;
}

class RecordingCodec<E extends z.ZodObject> extends EventCodec {
  readonly #log: EventLog<E>;

  constructor(endpoint: string, events: E, log: EventLog<E>) {
    super(endpoint, events);
    this.#log = log;
  }

  override encode(event: string, data: unknown, options: PublishOptions | undefined): string {
    const value = this.parse(event, data);
    const frame = this.format(event, value, options);
    this.#log.record(event, value, options?.id);
    return frame;
  }
}

/** A client that takes everything at once. */
class DiscardingTransport implements Transport {
  readonly pendingBytes = 0;
  readonly needsDrain = false;
  readonly inFlightBytes = 0;

  attach(): void {}

  write(): void {}

  writeBatch(): void {}

  watchSent(): void {}

  end(onFlushed: () => void): void {
    setImmediate(onFlushed);
  }

  destroy(): void {}
}
