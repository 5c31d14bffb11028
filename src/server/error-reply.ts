import { STATUS_CODES } from "node:http";

import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { isPinestreamError } from "../errors/base.ts";
import { publicMessage, statusOf } from "../runtime/failure.ts";
import { hasAnswered } from "./answered.ts";

/** Hands an error to the error handler of the routes; without effect where an answer was begun. */
export function sendError(reply: FastifyReply, error: unknown): void {
  if (hasAnswered(reply)) return;
  void reply.send(
    error instanceof Error ? error : new Error("A value that is no Error was thrown", { cause: error }),
  );
}

/**
 * Has errors of a scope's routes answered as JSON that tells nothing of an error of the server's own, whoever has
 * thrown them. An error handler that the application has set gets them instead, as they were thrown.
 */
export function answerErrors(scope: FastifyInstance, application: FastifyInstance): void {
  scope.setErrorHandler((error, request, reply) => {
    if (error !== null && typeof error === "object" && "retryAfter" in error) {
      void reply.header("retry-after", String(error.retryAfter));
    }
    // Called and not thrown on to, since the application may set its handler after our routes are there.
    if (hasOwnErrorHandler(application))
      return application.errorHandler(error as FastifyError, request, reply);
    return answer(error, request, reply);
  });
}

/** Fastify's default handler would send the message of an error of the server's own. */
function hasOwnErrorHandler(fastify: FastifyInstance): boolean {
  return fastify.errorHandler.name !== "defaultErrorHandler";
}

function answer(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const statusCode = statusOf(error);
  const message = publicMessage(error);
  const isOurs = isPinestreamError(error);
  const route = `${request.method} ${request.routeOptions.url ?? request.url}`;
  // A status of our own is one that was meant: a server that is full or closing is no failure.
  if (statusCode >= 500 && !(isOurs && error.statusCode === statusCode))
    request.log.error({ err: error }, `${route} failed`);
  else request.log.info({ err: error }, `${route} refused a request`);
  const issues = isOurs ? error.issues : undefined;
  void reply
    .code(statusCode)
    .type("application/json; charset=utf-8")
    .send(
      JSON.stringify({
        statusCode,
        error: STATUS_CODES[statusCode] ?? "Error",
        message,
        ...(statusCode === 400 ? { issues: issues ?? [{ path: [], message }] } : undefined),
      }),
    );
}
