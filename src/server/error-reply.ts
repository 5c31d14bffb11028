import { STATUS_CODES } from "node:http";

import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { isPinestreamError } from "../errors/base.ts";
import { publicMessage, statusOf } from "../runtime/failure.ts";

/**
 * Answers a request with an ordinary HTTP error. An error handler that the application has set gets the error
 * as it was thrown; otherwise the answer is JSON that tells nothing of an error of the server's own.
 */
export function sendError(
  fastify: FastifyInstance,
  request: FastifyRequest,
  reply: FastifyReply,
  endpoint: string,
  error: unknown,
): void {
  if (reply.sent) return;
  if (error !== null && typeof error === "object" && "retryAfter" in error) {
    void reply.header("retry-after", String(error.retryAfter));
  }
  if (hasOwnErrorHandler(fastify)) {
    void reply.send(
      error instanceof Error ? error : new Error("A value that is no Error was thrown", { cause: error }),
    );
    return;
  }
  const statusCode = statusOf(error);
  if (statusCode >= 500) request.log.error({ err: error, endpoint }, `${endpoint} failed`);
  else request.log.info({ err: error, endpoint }, `${endpoint} refused a request`);
  const issues = isPinestreamError(error) ? error.issues : undefined;
  void reply
    .code(statusCode)
    .type("application/json; charset=utf-8")
    .send(
      JSON.stringify({
        statusCode,
        error: STATUS_CODES[statusCode] ?? "Error",
        message: publicMessage(error),
        ...(issues && statusCode < 500 ? { issues } : undefined),
      }),
    );
}

/** Fastify's default handler would send the message of an error of the server's own. */
function hasOwnErrorHandler(fastify: FastifyInstance): boolean {
  return fastify.errorHandler.name !== "defaultErrorHandler";
}
