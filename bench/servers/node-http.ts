// node:http as an application would use it: an event is encoded once, and given to each response.

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

import { POSITION_EVENT, TOKEN_EVENT, tokens, type Position } from "../event.ts";
import type { Progress } from "./bench-server.ts";
import { HEAD, query } from "./plain-http.ts";
import { serve } from "./serve.ts";

const progress: Progress = { offered: 0 };
const responses = new Set<ServerResponse>();

const server = createServer((request, response) => {
  const { count, bytes } = query(request);
  response.writeHead(200, HEAD);
  response.flushHeaders();
  if (count > 0) {
    void pull(response, count, bytes);
    return;
  }
  responses.add(response);
  response.on("close", () => responses.delete(response));
});

async function pull(response: ServerResponse, count: number, bytes: number): Promise<void> {
  for await (const token of tokens(count, bytes, (n) => (progress.offered = n))) {
    const frame = `id: ${token.n}\nevent: ${TOKEN_EVENT}\ndata: ${JSON.stringify(token)}\n\n`;
    if (!response.write(frame)) await once(response, "drain");
  }
  response.end();
}

serve(
  {
    async listen() {
      server.listen(0, "127.0.0.1", 4096);
      await once(server, "listening");
      return {
        port: (server.address() as AddressInfo).port,
        fanOut: () => "/",
        pull: (count, bytes) => `/?count=${count}&bytes=${bytes}`,
      };
    },
    publish(event: Position) {
      const frame = `id: ${event.n}\nevent: ${POSITION_EVENT}\ndata: ${JSON.stringify(event)}\n\n`;
      for (const response of responses) response.write(frame);
    },
  },
  progress,
);
