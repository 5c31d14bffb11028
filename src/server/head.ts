// The head of a stream goes through Fastify's own onSend hooks, because plugins set headers there (cookies).
// A hook of the route itself runs after all of the application's; there the response is taken over.

import type { FastifyReply, onSendHookHandler } from "fastify";

import { HTTPTransport } from "../connection/http-transport.ts";
import type { Transport } from "../connection/transport.ts";
import { EVENT_STREAM_TYPE } from "../wire/event-stream.ts";

/** `no-transform` and `x-accel-buffering` keep proxies from compressing and from collecting the stream. */
export const STREAM_HEADERS = {
  "content-type": EVENT_STREAM_TYPE,
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

const waiting = new WeakMap<FastifyReply, (transport: Transport) => void>();

/** Sends the head of a stream through the application's hooks. `onHead` is given the way to the client. */
export function sendHead(reply: FastifyReply, onHead: (transport: Transport) => void): void {
  if (reply.sent) return;
  waiting.set(reply, onHead);
  reply.code(200).headers(STREAM_HEADERS).send();
}

/** The route's onSend hook: writes the head and takes the response over from Fastify. */
export const takeOver: onSendHookHandler = (_request, reply, payload, done) => {
  const onHead = waiting.get(reply);
  waiting.delete(reply);
  // Another status means that a hook has failed, and that this is the answer which says so.
  if (!onHead || reply.statusCode !== 200) {
    done(null, payload);
    return;
  }
  reply.hijack();
  writeHead(reply);
  onHead(new HTTPTransport(reply.raw));
};

function writeHead(reply: FastifyReply): void {
  const { raw } = reply;
  if (raw.headersSent || raw.destroyed) return;
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...STREAM_HEADERS })) {
    if (value !== undefined && name !== "content-length") raw.setHeader(name, value);
  }
  // Node would add `Connection: keep-alive`, which HTTP/1.1 does not need and HTTP/2 forbids; a proxy in between
  // may pass it on. A request that asked to close is told so.
  if (!("stream" in raw) && raw.shouldKeepAlive) raw.removeHeader("connection");
  raw.writeHead(200);
}
