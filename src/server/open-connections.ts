import { Server as HTTPServer, type IncomingMessage } from "node:http";
import type { Http2Session } from "node:http2";
import type { Server, Socket } from "node:net";

import { startTimer } from "../async/timer.ts";

/** Time in ms that clients are given at least to close their side, however long the streams took. */
export const FAREWELL_MS = 250;

/** Sockets that are followed without a look at which of them are closed. */
const MIN_SWEEP = 64;

/**
 * What `server.close()` would wait for without a bound: HTTP/2 sessions, which clients keep when all their streams
 * have ended; sockets that have never sent anything, which browsers open in advance; and those whose client
 * neither sends the rest of its request nor reads what it is sent.
 */
export class OpenConnections {
  /** Of a server that lists its connections, only those that have not sent a request yet. */
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Http2Session>();
  readonly #server: Server;
  #sweepAt = MIN_SWEEP;

  constructor(server: Server) {
    this.#server = server;
    const sockets = this.#sockets;
    if (isListing(server)) {
      // A listener on each socket would be held for as long as a stream lasts, in an array with room for many more.
      server.on("connection", (socket: Socket) => this.#followUntilRequest(socket));
      server.on("request", ({ socket }: IncomingMessage) => sockets.delete(socket));
      return;
    }
    // One listener for all, since it is called with the socket as `this`.
    function forget(this: Socket): void {
      sockets.delete(this);
    }
    const follow = (socket: Socket): void => {
      sockets.add(socket.on("close", forget));
    };
    server.on("connection", follow);
    server.on("secureConnection", follow);
    server.on("session", (session: Http2Session) => {
      this.#sessions.add(session);
      session.once("close", () => this.#sessions.delete(session));
    });
  }

  /**
   * Closes what serves nobody any more, and cuts what is still open after `boundMs`. Returns at once: the
   * server's own close waits for them.
   */
  close(boundMs: number): void {
    for (const session of this.#sessions) session.close();
    for (const socket of this.#sockets) {
      if (socket.bytesRead === 0) socket.destroy();
    }
    // A closed session only half-closes its socket, so that a client which reads nothing keeps it open.
    const cut = (): void => {
      for (const socket of this.#sockets) socket.destroy();
      if (isListing(this.#server)) this.#server.closeAllConnections();
    };
    const timer = startTimer(Math.max(boundMs, FAREWELL_MS), cut, { background: true });
    this.#server.once("close", () => timer.clear());
  }

  #followUntilRequest(socket: Socket): void {
    if (this.#sockets.size >= this.#sweepAt) {
      for (const each of this.#sockets) if (each.destroyed) this.#sockets.delete(each);
      this.#sweepAt = Math.max(MIN_SWEEP, 2 * this.#sockets.size);
    }
    this.#sockets.add(socket);
  }
}

/** Whether a server keeps a list of its connections itself. Over TLS what it lists are not the sockets that are open. */
function isListing(server: Server): server is HTTPServer {
  return server instanceof HTTPServer;
}
