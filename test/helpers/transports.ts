import type { AddressInfo } from "node:net";
import { createServer } from "pinestream";
import { describe, onTestFailed, onTestFinished } from "vitest";
import { CapturedLog } from "./log.ts";
import { openHTTP2 } from "./http2-client.ts";
import { openRaw } from "./raw-client.ts";
import type { StreamClient, StreamRequest } from "./stream-client.ts";
import { answer } from "./stream-client.ts";

export type ServerOptions = Parameters<typeof createServer>[0];
type App = Awaited<ReturnType<typeof createServer>>;

/** A running server and the ways to reach it. */
export interface Served {
  app: App;
  port: number;
  /** Sends a request on a connection of its own. */
  open(request: StreamRequest | string): StreamClient;
  /** Sends a request and waits for the whole answer. */
  ask(request: StreamRequest | string): ReturnType<typeof answer>;
}

export interface Transport {
  name: "HTTP/1.1" | "HTTP/2";
  /** Starts a server on a free port; it is closed when the test is over. */
  serve(options: ServerOptions, prepare?: (app: App) => unknown): Promise<Served>;
}

const request = (from: StreamRequest | string) => (typeof from === "string" ? { path: from } : from);

const transport = (
  name: Transport["name"],
  fastify: object,
  open: (target: { port: number }, request: StreamRequest) => StreamClient,
): Transport => ({
  name,
  async serve(options, prepare) {
    const clients: StreamClient[] = [];
    const log = new CapturedLog();
    onTestFailed(() => log.print());
    const app = await createServer({
      shutdownTimeout: 2_000,
      ...options,
      fastify: { logger: log.logger, ...fastify, ...options.fastify } as NonNullable<
        ServerOptions["fastify"]
      >,
    });
    onTestFinished(async () => {
      for (const client of clients) client.leave();
      await app.close();
    });
    await prepare?.(app);
    await app.listen({ port: 0, host: "127.0.0.1" });
    const { port } = app.server.address() as AddressInfo;
    const served: Served = {
      app,
      port,
      open(from) {
        const client = open({ port }, request(from));
        clients.push(client);
        return client;
      },
      async ask(from) {
        return await answer(served.open(from));
      },
    };
    return served;
  },
});

export const http1 = transport("HTTP/1.1", {}, openRaw);
export const http2 = transport("HTTP/2", { http2: true }, openHTTP2);

/** Registers the same tests over HTTP/1.1 and HTTP/2. */
export function describeTransports(name: string, tests: (transport: Transport) => void): void {
  for (const transport of [http1, http2]) describe(`${name}, over ${transport.name}`, () => tests(transport));
}
