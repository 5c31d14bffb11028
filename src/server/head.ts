// The head of a stream goes through Fastify's own onSend hooks, because plugins set headers there (cookies).
// A hook of the route itself runs after all of the application's; there the response is taken over.

import { validateHeaderName, validateHeaderValue } from "node:http";

import type { FastifyReply, onSendHookHandler } from "fastify";

import { HTTPTransport } from "../connection/http-transport.ts";
import type { Transport } from "../connection/transport.ts";
import { EVENT_STREAM_TYPE } from "../wire/event-stream.ts";
import { hasAnswered } from "./answered.ts";

/** `no-transform` and `x-accel-buffering` keep proxies from compressing and from collecting the stream. */
export const STREAM_HEADERS = {
  "content-type": EVENT_STREAM_TYPE,
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

interface WaitingHead {
  onHead(transport: Transport): void;
  onFailure(): void;
}

/** On the reply itself: a map of all replies is what the garbage collector is slowest with. */
const HEAD = Symbol("pinestream.head");

interface HeadedReply extends FastifyReply {
  [HEAD]?: WaitingHead | undefined;
}

/**
 * Sends the head of a stream through the application's hooks. `onHead` is given the way to the client; `onFailure`
 * is called where an error is answered instead.
 */
export function sendHead(
  reply: FastifyReply,
  onHead: (transport: Transport) => void,
  onFailure: () => void,
): void {
  if (hasAnswered(reply)) {
    onFailure();
    return;
  }
  (reply as HeadedReply)[HEAD] = { onHead, onFailure };
  reply.code(200).headers(STREAM_HEADERS).send();
}

/** The route's onSend hook: writes the head and takes the response over from Fastify. */
export const takeOver: onSendHookHandler = (_request, reply, payload, done) => {
  const head = (reply as HeadedReply)[HEAD];
  (reply as HeadedReply)[HEAD] = undefined;
  if (!head) {
    done(null, payload);
    return;
  }
  // An answer with a body and an error's status is one: a hook of the application has failed.
  if (reply.statusCode >= 400 && payload) {
    head.onFailure();
    done(null, payload);
    return;
  }
  try {
    writeHead(reply);
  } catch (error) {
    // They would keep the error from being answered, too.
    for (const name of Object.keys(reply.getHeaders())) if (!isValid(reply, name)) reply.removeHeader(name);
    head.onFailure();
    done(error as Error);
    return;
  }
  reply.hijack();
  head.onHead(new HTTPTransport(reply.raw));
};

/** @throws TypeError for a header that the handler or a plugin has set and HTTP does not allow. */
function writeHead(reply: FastifyReply): void {
  const { raw } = reply;
  if (raw.headersSent || raw.destroyed) return;
  const headers: Record<string, number | string | string[]> = { ...STREAM_HEADERS };
  for (const [name, value] of Object.entries(reply.getHeaders())) {
    if (Object.hasOwn(STREAM_HEADERS, name)) continue;
    validateHeader(name, value);
    if (value !== undefined && !NOT_OURS.has(name)) headers[name] = value;
  }
  withoutConnection(reply);
  // All at once: what is set one by one is kept for as long as the stream lasts.
  raw.writeHead(200, headers);
}

/** Before any is set, and on HTTP/2 too, where Node would send what HTTP/1 refuses. @throws TypeError */
function validateHeader(name: string, value: number | string | readonly string[] | undefined): void {
  validateHeaderName(name);
  for (const each of Array.isArray(value) ? (value as readonly string[]) : [value]) {
    if (each !== undefined) validateHeaderValue(name, String(each));
  }
}

function isValid(reply: FastifyReply, name: string): boolean {
  try {
    validateHeader(name, reply.getHeader(name));
    return true;
  } catch {
    return false;
  }
}

/** Headers that are not for a handler to set on a stream. */
const NOT_OURS = new Set(["connection", "keep-alive", "content-length", "transfer-encoding"]);

/**
 * Keeps Node from adding `Connection: keep-alive`, which HTTP/1.1 does not need and HTTP/2 forbids; a proxy in
 * between may pass it on. A request that asked to close is told so.
 */
export function withoutConnection({ raw }: FastifyReply): void {
  if (!("stream" in raw) && raw.shouldKeepAlive) raw.removeHeader("connection");
}

/** Cuts the connection of a request without an answer. */
export function destroy(reply: FastifyReply): void {
  reply.raw.destroy();
}
