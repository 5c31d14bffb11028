// better-sse: a channel for the fan-out; a session that iterates for one client.

import { createServer } from "node:http";
import { createChannel, createSession } from "better-sse";

import { POSITION_EVENT, TOKEN_EVENT, tokens } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { query } from "../servers/plain-http.ts";
import { serve } from "../servers/serve.ts";
import { listenOn } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const channel = createChannel();

const server = createServer(async (request, response) => {
  const session = await createSession(request, response);
  const { count, bytes } = query(request);
  if (count > 0) {
    await session.iterate(
      tokens(count, bytes, (n) => (progress.offered = n)),
      { eventName: TOKEN_EVENT },
    );
    response.end();
  } else {
    channel.register(session);
  }
});

serve(
  {
    listen: () => listenOn(server),
    publish: (event) => void channel.broadcast(event, POSITION_EVENT, { eventId: String(event.n) }),
  },
  progress,
);
