import type { Http2Session } from "node:http2";
import type { Server, Socket } from "node:net";

import { createDeferred } from "../async/deferred.ts";
import { startTimer } from "../async/timer.ts";

/** A session whose client takes nothing any more is given this long at least to say goodbye, in ms. */
const FAREWELL_MS = 250;

/**
 * Follows the HTTP/2 sessions of a server and gives a function that closes them when their streams are done. A
 * client keeps its session when all its streams have ended, and `server.close()` would wait for that for ever.
 * What is still open after `boundMs` is cut: a closed session only half-closes its socket, and a client that
 * reads nothing never closes the other half. A server of HTTP/1 has no sessions.
 */
export function followSessions(server: Pick<Server, "on">): (boundMs: number) => Promise<void> {
  const sessions = new Set<Http2Session>();
  const sockets = new Set<Socket>();
  const closed = createDeferred();
  let isClosing = false;
  server.on("session", (session: Http2Session) => {
    sessions.add(session);
    session.once("close", () => {
      sessions.delete(session);
      if (isClosing && sessions.size === 0) closed.resolve();
    });
  });
  for (const event of ["connection", "secureConnection"]) {
    server.on(event, (socket: Socket) => {
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
    });
  }
  return async (boundMs) => {
    if (sessions.size === 0) return;
    isClosing = true;
    for (const session of sessions) session.close();
    const timer = startTimer(Math.max(boundMs, FAREWELL_MS), closed.resolve);
    await closed.promise;
    timer.clear();
    if (sessions.size === 0) return;
    for (const socket of sockets) socket.destroy();
  };
}
