import type { Http2Session } from "node:http2";
import type { Server, Socket } from "node:net";

import { startTimer } from "../async/timer.ts";

/** Time in ms that clients are given at least to close their side, however long the streams took. */
export const FAREWELL_MS = 250;

/**
 * What `server.close()` would wait for without a bound: HTTP/2 sessions, which clients keep when all their streams
 * have ended; sockets that have never sent anything, which browsers open in advance; and those whose client
 * neither sends the rest of its request nor reads what it is sent.
 */
export class OpenConnections {
  readonly #sockets = new Set<Socket>();
  readonly #sessions = new Set<Http2Session>();
  readonly #server: Server;

  constructor(server: Server) {
    this.#server = server;
    const sockets = this.#sockets;
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
    };
    const timer = startTimer(Math.max(boundMs, FAREWELL_MS), cut, { background: true });
    this.#server.once("close", () => timer.clear());
  }
}
