import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";

import type { ConnectionSettings } from "../connection/settings.ts";
import { enter } from "../runtime/enter.ts";
import { serveAPI } from "../runtime/serve-api.ts";
import { cancelRun } from "../runtime/serve-run.ts";
import { hasEnded, serveStream } from "../runtime/serve-stream.ts";
import type { Application, Route } from "./application.ts";
import { noteAnswer } from "./answered.ts";
import { sendError } from "./error-reply.ts";
import { STREAM_HEADERS, takeOver, withoutConnection } from "./head.ts";

type StreamRoute = Route & { stream: ConnectionSettings };

/** Adds a route for each endpoint, and for each GET stream one that answers HEAD. */
export function addRoutes(fastify: FastifyInstance, application: Application): void {
  for (const route of application.routes) {
    if (isStream(route)) addStream(fastify, application, route);
    else addAPI(fastify, application, route);
  }
}

function isStream(route: Route): route is StreamRoute {
  return route.stream !== undefined;
}

function addStream(fastify: FastifyInstance, application: Application, route: StreamRoute): void {
  const { httpMethod, path } = route;
  fastify.route(
    withCompress(route, {
      method: httpMethod,
      url: path,
      exposeHeadRoute: false,
      onSend: takeOver,
      // Not async: Fastify would keep a promise, and take its end for an answer that is missing.
      handler: (request, reply) => answerStream(application, route, request, reply),
    }),
  );
  if (route.isDurable) addRuns(fastify, application, route);
  if (httpMethod !== "GET") return;
  fastify.route(
    withCompress(route, {
      method: "HEAD",
      url: path,
      handler: (request, reply) => answerHead(application, route, request, reply),
    }),
  );
}

/** A run is a resource below its endpoint: it can be watched, and cancelled. */
function addRuns(fastify: FastifyInstance, application: Application, route: StreamRoute): void {
  const url = `${route.path}/:run`;
  fastify.route(
    withCompress(route, {
      method: "GET",
      url,
      exposeHeadRoute: false,
      onSend: takeOver,
      handler: (request, reply) => answerStream(application, route, request, reply, runOf(request)),
    }),
  );
  fastify.route({
    method: "DELETE",
    url,
    handler: async (request, reply) => {
      const controller = new AbortController();
      const entry = {
        request,
        reply,
        connection: undefined,
        lastEventId: undefined,
        signal: controller.signal,
      };
      await cancelRun(route, application, entry, runOf(request));
      return reply.code(204).send();
    },
  });
}

function runOf(request: FastifyRequest): string {
  return (request.params as { run: string }).run;
}

/** Not async: Fastify would keep a promise, and take its end for an answer that is missing. */
function answerStream(
  application: Application,
  route: StreamRoute,
  request: FastifyRequest,
  reply: FastifyReply,
  runId?: string,
): void {
  noteAnswer(reply);
  if (hasEnded(route.name, request)) {
    void reply.code(204).send();
    return;
  }
  void serveStream(route, application, request, reply, runId);
}

/** HEAD answers what GET would begin with, for the same client and arguments, and runs no handler. */
async function answerHead(
  application: Application,
  route: StreamRoute,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (hasEnded(route.name, request)) return reply.code(204).send();
  const controller = new AbortController();
  try {
    // What would refuse a GET refuses this too, but it holds no place.
    application.admit().release();
    await enter(route, application, {
      request,
      reply,
      connection: undefined,
      lastEventId: undefined,
      signal: controller.signal,
    });
    withoutConnection(reply);
    return reply.code(200).headers(STREAM_HEADERS).send();
  } catch (error) {
    sendError(reply, error);
    return reply;
  }
}

function addAPI(fastify: FastifyInstance, application: Application, route: Route): void {
  fastify.route(
    withCompress(route, {
      method: route.httpMethod,
      url: route.path,
      handler: (request, reply) => serveAPI(route, application, request, reply),
    }),
  );
}

/** `compress` is an option that @fastify/compress adds to routes; without the plugin it means nothing. */
function withCompress({ compress }: Route, options: RouteOptions): RouteOptions {
  return compress === undefined ? options : Object.assign(options, { compress });
}
