// h3: an event stream for each client; a push to each for the fan-out, awaited pushes for one client.

import { createServer } from "node:http";
import { createEventStream, H3, type EventStream } from "h3";
import { toNodeHandler } from "h3/node";

import { POSITION_EVENT, TOKEN_EVENT, tokens } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { query } from "../servers/plain-http.ts";
import { serve } from "../servers/serve.ts";
import { listenOn } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const streams = new Set<EventStream>();

const app = new H3();

app.get("/fan-out", (event) => {
  const stream = createEventStream(event);
  streams.add(stream);
  // The head goes out with the first bytes.
  void stream.pushComment("open");
  stream.onClosed(() => void streams.delete(stream));
  return stream.send();
});

app.get("/pull", (event) => {
  const stream = createEventStream(event);
  const { count, bytes } = query({ url: event.req.url });
  void pull(stream, count, bytes);
  return stream.send();
});

async function pull(stream: EventStream, count: number, bytes: number): Promise<void> {
  for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
    await stream.push({ id: String(token.n), event: TOKEN_EVENT, data: JSON.stringify(token) });
  }
  await stream.close();
}

serve(
  {
    listen: () => listenOn(createServer(toNodeHandler(app))),
    publish(event) {
      const message = { id: String(event.n), event: POSITION_EVENT, data: JSON.stringify(event) };
      for (const stream of streams) void stream.push(message);
    },
  },
  progress,
);
