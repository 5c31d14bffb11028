// @fastify/sse: a message sent to each reply for the fan-out; a generator for one client.

import type { AddressInfo } from "node:net";
import fastifySSE, { type SSEReplyInterface } from "@fastify/sse";
import Fastify, { type FastifyReply } from "fastify";

import { POSITION_EVENT, TOKEN_EVENT, tokens } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { query } from "../servers/plain-http.ts";
import { serve } from "../servers/serve.ts";
import { PATHS } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const replies = new Set<SSEReplyInterface>();

const app = Fastify();
await app.register(fastifySSE.default);

/** fastify-sse-v2 declares a property of the same name, and both are compiled together here. */
function sseOf(reply: FastifyReply): SSEReplyInterface {
  return reply.sse as unknown as SSEReplyInterface;
}

app.get("/fan-out", { sse: "only" }, async (_request, reply) => {
  const sse = sseOf(reply);
  sse.keepAlive();
  sse.sendHeaders();
  // Else the head waits for the first event.
  reply.raw.flushHeaders();
  replies.add(sse);
  sse.onClose(() => replies.delete(sse));
});

app.get("/pull", { sse: "only" }, async (request, reply) => {
  const { count, bytes } = query(request);
  await sseOf(reply).send(messages(count, bytes));
});

async function* messages(count: number, bytes: number) {
  for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
    yield { id: String(token.n), event: TOKEN_EVENT, data: token };
  }
}

serve(
  {
    async listen() {
      await app.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
      return { port: (app.server.address() as AddressInfo).port, ...PATHS };
    },
    publish(event) {
      const message = { id: String(event.n), event: POSITION_EVENT, data: event };
      for (const sse of replies) void sse.send(message);
    },
  },
  progress,
);
