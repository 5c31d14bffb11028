// Hono on Node: streamSSE for each client; a write to each for the fan-out, awaited writes for one client.

import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import { Hono } from "hono";
import { streamSSE, type SSEStreamingApi } from "hono/streaming";

import { POSITION_EVENT, TOKEN_EVENT, tokens } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { query } from "../servers/plain-http.ts";
import { serve } from "../servers/serve.ts";
import { listenOn } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const streams = new Set<SSEStreamingApi>();

const app = new Hono();

app.get("/fan-out", (context) =>
  streamSSE(context, async (stream) => {
    // The head goes out with the first bytes.
    await stream.write(": open\n\n");
    streams.add(stream);
    await new Promise<void>((resolve) => stream.onAbort(resolve));
    streams.delete(stream);
  }),
);

app.get("/pull", (context) =>
  streamSSE(context, async (stream) => {
    const { count, bytes } = query({ url: context.req.url });
    for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
      await stream.writeSSE({ id: String(token.n), event: TOKEN_EVENT, data: JSON.stringify(token) });
    }
  }),
);

serve(
  {
    listen: () => listenOn(createAdaptorServer({ fetch: app.fetch }) as Server),
    publish(event) {
      const message = { id: String(event.n), event: POSITION_EVENT, data: JSON.stringify(event) };
      for (const stream of streams) void stream.writeSSE(message);
    },
  },
  progress,
);
