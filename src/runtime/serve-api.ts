import { Readable } from "node:stream";

import type { FastifyReply, FastifyRequest } from "fastify";

import type { CloseReason } from "../errors/stream-errors.ts";
import { stringifyData } from "../wire/data.ts";
import { watchDeparture } from "./departure.ts";
import { enter } from "./enter.ts";
import type { RuntimeEndpoint, StreamHost } from "./types.ts";

/**
 * Serves one request to a JSON endpoint: what the method resolves to is the answer; 204 for `undefined`.
 *
 * @throws whatever the method, a guard or the reading of the arguments throws.
 */
export async function serveAPI(
  endpoint: RuntimeEndpoint,
  host: Pick<StreamHost, "authenticate" | "extras">,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const departure = new Departure(request, reply);
  try {
    const args = await enter(endpoint, host, {
      request,
      reply,
      connection: undefined,
      lastEventId: undefined,
      get signal() {
        return departure.signal;
      },
    });
    return answer(endpoint, reply, await endpoint.handler.apply(endpoint.model, args));
  } finally {
    departure.stop();
  }
}

/** Hands the method's result to Fastify in the form in which it is to be sent. */
function answer({ contentType }: RuntimeEndpoint, reply: FastifyReply, result: unknown): unknown {
  // A method that answered by itself, through ctx.reply, has nothing more to say.
  if (reply.sent || result === reply) return reply;
  if (contentType !== undefined) reply.type(contentType);
  if (result === undefined) return reply.code(reply.statusCode === 200 ? 204 : reply.statusCode).send();
  const isRaw = Buffer.isBuffer(result) || result instanceof Uint8Array || result instanceof Readable;
  if (isRaw || (typeof result === "string" && contentType !== undefined)) return reply.send(result);
  if (contentType === undefined) reply.type("application/json; charset=utf-8");
  return reply.send(stringifyData(result));
}

/** Makes the signal only when somebody asks for it. */
class Departure {
  readonly #request: FastifyRequest;
  readonly #reply: FastifyReply;
  #controller: AbortController | undefined;
  #unwatch: (() => void) | undefined;
  #isStopped = false;

  constructor(request: FastifyRequest, reply: FastifyReply) {
    this.#request = request;
    this.#reply = reply;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      const controller = new AbortController();
      this.#controller = controller;
      const reason: CloseReason = "client";
      this.#unwatch = watchDeparture(this.#request, this.#reply, () => {
        if (!this.#isStopped) controller.abort(reason);
      });
    }
    return this.#controller.signal;
  }

  stop(): void {
    this.#isStopped = true;
    this.#unwatch?.();
  }
}
