// fastify-sse-v2: a message given to each reply for the fan-out; a generator for one client.

import type { AddressInfo } from "node:net";
import Fastify, { type FastifyReply } from "fastify";
import { FastifySSEPlugin } from "fastify-sse-v2";

import { POSITION_EVENT, TOKEN_EVENT, tokens } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { query } from "../servers/plain-http.ts";
import { serve } from "../servers/serve.ts";
import { PATHS } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const replies = new Set<FastifyReply>();

const app = Fastify();
await app.register(FastifySSEPlugin);

app.get("/fan-out", (request, reply) => {
  // Opens the stream; a first message does, and a comment is none.
  reply.sse({ comment: "open" });
  replies.add(reply);
  request.raw.on("close", () => replies.delete(reply));
});

app.get("/pull", (request, reply) => {
  const { count, bytes } = query(request);
  reply.sse(messages(count, bytes));
});

async function* messages(count: number, bytes: number) {
  for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
    yield { id: String(token.n), event: TOKEN_EVENT, data: JSON.stringify(token) };
  }
}

serve(
  {
    async listen() {
      await app.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
      return { port: (app.server.address() as AddressInfo).port, ...PATHS };
    },
    publish(event) {
      const message = { id: String(event.n), event: POSITION_EVENT, data: JSON.stringify(event) };
      for (const reply of replies) reply.sse(message);
    },
  },
  progress,
);
