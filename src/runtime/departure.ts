import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Calls `onGone` once when the client has left or the response is done, at once if that has happened already.
 * Gives a function that stops watching.
 *
 * The response is watched, never the request: a request closes as soon as its body is read. A response behind
 * another one on the same connection (pipelining) has no socket yet and is told nothing, so there the socket
 * is watched.
 */
export function watchDeparture(request: FastifyRequest, reply: FastifyReply, onGone: () => void): () => void {
  const response = reply.raw;
  const { socket } = request.raw;
  if (response.destroyed || response.closed || socket?.destroyed) {
    onGone();
    return () => {};
  }
  response.once("close", onGone);
  const waitsForSocket = request.raw.httpVersionMajor === 1 && response.socket === null;
  if (waitsForSocket) socket.once("close", onGone);
  return () => {
    response.off("close", onGone);
    if (waitsForSocket) socket.off("close", onGone);
  };
}
