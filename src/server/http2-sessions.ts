import type { Http2Session } from "node:http2";
import type { Server } from "node:net";

import { createDeferred } from "../async/deferred.ts";
import { startTimer } from "../async/timer.ts";

/** A session whose client takes nothing any more is given this long at least to say goodbye, in ms. */
const FAREWELL_MS = 250;

/**
 * Follows the HTTP/2 sessions of a server and gives a function that closes them when their streams are done, or
 * cuts them after a time. A client keeps its session when all its streams have ended, and `server.close()` would
 * wait for that for ever. A server of HTTP/1 has none.
 */
export function followSessions(server: Pick<Server, "on">): (boundMs: number) => Promise<void> {
  const sessions = new Set<Http2Session>();
  const closed = createDeferred();
  let isClosing = false;
  server.on("session", (session: Http2Session) => {
    sessions.add(session);
    session.once("close", () => {
      sessions.delete(session);
      if (isClosing && sessions.size === 0) closed.resolve();
    });
  });
  return async (boundMs) => {
    if (sessions.size === 0) return;
    isClosing = true;
    for (const session of sessions) session.close();
    const timer = startTimer(Math.max(boundMs, FAREWELL_MS), closed.resolve);
    await closed.promise;
    timer.clear();
    for (const session of sessions) session.destroy();
  };
}
