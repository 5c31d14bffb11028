import type { Server } from "node:net";
import type { ServerHttp2Stream } from "node:http2";

/**
 * Has a server of HTTP/2 end each stream that its client has reset. Node.js does so itself unless the client's reason is
 * NO_ERROR, which is what its own client gives by default: then it tells that the stream was aborted, and keeps it, its
 * session and its socket for ever, even when the client is gone.
 */
export function endResetStreams(server: Server): void {
  // A server of HTTP/1 has no such event.
  server.on("stream", (stream: ServerHttp2Stream) => {
    stream.once("aborted", () => stream.destroy());
  });
}
