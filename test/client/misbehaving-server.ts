import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { waitFor } from "../helpers/wait-for.ts";

/** A request as it arrived. */
export interface ReceivedRequest {
  method: string;
  url: URL;
  headers: Record<string, string | undefined>;
  body: string;
}

/** Answers one request, as badly as a test wants it. */
export type Responder = (response: ServerResponse, server: MisbehavingServer) => void | Promise<void>;

/** Where a client tells that it has got the head of a stream, or an event. */
export const TAKEN_PATH = "/taken";

/** A plain HTTP server that does what the running test says, path by path and attempt by attempt. */
export class MisbehavingServer {
  readonly requests: ReceivedRequest[] = [];
  readonly #server: Server;
  readonly #scripts = new Map<string, Responder[]>();
  readonly #counts = new Map<string, number>();

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** Starts one on a free port, for the running test. */
  static async start(): Promise<MisbehavingServer> {
    const server = new MisbehavingServer();
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.#server.close();
      server.#server.closeAllConnections();
    });
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Says how the requests to a path are answered, one after another; the last answers all further ones. */
  script(path: string, ...responders: Responder[]): void {
    this.#scripts.set(path, responders);
  }

  /** The requests to a path so far. */
  to(path: string): ReceivedRequest[] {
    return this.requests.filter(({ url }) => url.pathname === path);
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? "/", this.origin);
    let body = "";
    for await (const piece of incoming) body += String(piece);
    const headers = incoming.headers as ReceivedRequest["headers"];
    const request = { method: incoming.method ?? "", url, headers, body };
    this.requests.push(request);
    const responders = this.#scripts.get(url.pathname);
    if (!responders) {
      response.writeHead(404).end();
      return;
    }
    const count = this.#counts.get(url.pathname) ?? 0;
    this.#counts.set(url.pathname, count + 1);
    await responders[Math.min(count, responders.length - 1)]?.(response, this);
  }
}

const HEAD = { "content-type": "text/event-stream", "cache-control": "no-cache" };

/** Sends an open stream's head and its first bytes, and leaves it open. */
export async function open(response: ServerResponse, bytes: string | Uint8Array = ""): Promise<void> {
  response.writeHead(200, HEAD);
  response.flushHeaders();
  if (bytes.length > 0) await write(response, bytes);
}

/** Writes bytes and waits until the kernel has them. */
export async function write(response: ServerResponse, bytes: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve) => response.write(bytes, () => resolve()));
}

/**
 * Answers with these bytes, in which each blank line stands for an event, and cuts the connection when the
 * client has taken them: with a body that breaks off a browser drops what nobody has read yet.
 */
export function cutAfter(bytes: string | Uint8Array): Responder {
  return async (response, server) => {
    const events = typeof bytes === "string" ? bytes.split("\n\n").length - 1 : 0;
    const enough = server.to(TAKEN_PATH).length + 1 + events;
    await open(response, bytes);
    await waitFor(() => server.to(TAKEN_PATH).length >= enough, { what: `${events} events taken` });
    response.destroy();
  };
}

/** Answers with a whole stream. */
export function whole(bytes: string | Uint8Array): Responder {
  return (response) => void response.writeHead(200, HEAD).end(bytes);
}

/** Answers with something that is no stream. */
export function plain(status: number, headers: Record<string, string> = {}, body = ""): Responder {
  return (response) => void response.writeHead(status, headers).end(body);
}

export const END = "id: ~end.0.\nevent: end\ndata: END\n\n";
