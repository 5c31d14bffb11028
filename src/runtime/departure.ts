import type { Socket } from "node:net";

import type { FastifyReply, FastifyRequest } from "fastify";

/**
 * Calls `onGone` when the client has left or the response is done, at once if that has happened already; it may be
 * called twice. Gives what stops watching something that outlives the response, if there is such a thing.
 *
 * The response is watched, never the request: a request closes as soon as its body is read. A response behind
 * another one on the same connection (pipelining) has no socket yet and is told nothing, so there the socket
 * is watched.
 */
export function watchDeparture(
  request: FastifyRequest,
  { raw: response }: FastifyReply,
  onGone: () => void,
): (() => void) | undefined {
  const { socket } = request.raw;
  if (response.destroyed || response.closed || socket?.destroyed) {
    onGone();
    return undefined;
  }
  response.on("close", onGone);
  const waitsForSocket = request.raw.httpVersionMajor === 1 && response.socket === null;
  return waitsForSocket ? watchSocket(socket, onGone) : undefined;
}

interface SocketWatch {
  waiting: Set<() => void>;
  listener(): void;
}

const watches = new WeakMap<Socket, SocketWatch>();

/** One listener on the socket for all requests that wait on it, since a client may send any number of them. */
function watchSocket(socket: Socket, onGone: () => void): () => void {
  const { waiting, listener } = watches.get(socket) ?? startWatch(socket);
  waiting.add(onGone);
  return () => {
    waiting.delete(onGone);
    if (waiting.size > 0) return;
    socket.off("close", listener);
    watches.delete(socket);
  };
}

function startWatch(socket: Socket): SocketWatch {
  const waiting = new Set<() => void>();
  const watch: SocketWatch = {
    waiting,
    listener: () => {
      for (const onGone of waiting) onGone();
    },
  };
  watches.set(socket, watch);
  socket.once("close", watch.listener);
  return watch;
}
