// The floor: what bounds a stream server on Node.js. The head goes out by node:http; then an event is encoded and
// framed as a chunk once, and written to each socket.

import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { once } from "node:events";

import { POSITION_EVENT, TOKEN_EVENT, tokens, type Position } from "../event.ts";
import type { Progress } from "./bench-server.ts";
import { HEAD, query } from "./plain-http.ts";
import { serve } from "./serve.ts";

/** Bytes that the stream for one client writes at a time. */
const BATCH_BYTES = 16_384;

const progress: Progress = { offered: 0 };
const topics = new Map<number, Set<Socket>>();

const server = createServer((request, response) => {
  const { topic, count, bytes } = query(request);
  response.writeHead(200, HEAD);
  response.flushHeaders();
  if (count > 0) {
    void pull(response, count, bytes);
    return;
  }
  const socket = response.socket as Socket;
  let sockets = topics.get(topic);
  if (!sockets) topics.set(topic, (sockets = new Set()));
  sockets.add(socket);
  response.on("close", () => sockets.delete(socket));
});

async function pull(response: ServerResponse, count: number, bytes: number): Promise<void> {
  const socket = response.socket as Socket;
  let text = "";
  for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
    text += `id: ${token.n}\nevent: ${TOKEN_EVENT}\ndata: ${JSON.stringify(token)}\n\n`;
    if (text.length < BATCH_BYTES) continue;
    if (!socket.write(toChunk(text), "latin1")) await once(socket, "drain");
    text = "";
  }
  if (text !== "") socket.write(toChunk(text), "latin1");
  response.end();
}

function toChunk(text: string): string {
  return `${text.length.toString(16)}\r\n${text}\r\n`;
}

serve(
  {
    async listen() {
      server.listen(0, "127.0.0.1", 4096);
      await once(server, "listening");
      return {
        port: (server.address() as AddressInfo).port,
        fanOut: (topic) => `/?topic=${topic}`,
        pull: (count, bytes) => `/?count=${count}&bytes=${bytes}`,
      };
    },
    publish(event: Position, topic: number) {
      const chunk = Buffer.from(
        toChunk(`id: ${event.n}\nevent: ${POSITION_EVENT}\ndata: ${JSON.stringify(event)}\n\n`),
      );
      for (const socket of topics.get(topic) ?? []) socket.write(chunk);
    },
  },
  progress,
);
