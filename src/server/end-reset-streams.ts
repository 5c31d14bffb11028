import type { ServerHttp2Stream } from "node:http2";
import type { Server } from "node:net";
import type { FastifyInstance, FastifyRequest } from "fastify";

/**
 * Has a server of HTTP/2 end each stream that its client has reset. Node.js does so itself unless the client's reason is
 * NO_ERROR, which is what its own client gives by default: then it tells that the stream was aborted, and keeps it, its
 * session and its socket for ever, even when the client is gone.
 */
export function endResetStreams(server: Server): void {
  // A server of HTTP/1 has no such event.
  server.on("stream", endWhenReset);
}

/**
 * Does so for the routes of a scope alone, but also where they are reached by another server than its own: Fastify makes
 * one for each further address that `localhost` stands for, and gives it to nobody.
 */
export function endResetStreamsOf(scope: FastifyInstance): void {
  if (!scope.initialConfig.http2) return;
  scope.addHook("onRequest", (request, _reply, done) => {
    const { stream, httpVersionMajor } = request.raw as FastifyRequest["raw"] & {
      stream?: ServerHttp2Stream;
    };
    if (httpVersionMajor === 2 && stream) endWhenReset(stream);
    done();
  });
}

function endWhenReset(stream: ServerHttp2Stream): void {
  if (stream.aborted) stream.destroy();
  else stream.once("aborted", () => stream.destroy());
}
