/**
 * A byte-level HTTP/1.1 client on a bare socket: it sees chunk borders, half-closes, stalls, trickles and
 * resets, which a well-behaved client hides. Strict on purpose: bytes that are not a well-formed response
 * are kept in `RawConnection.broken`.
 */
import { connect as connectSocket, type Socket } from "node:net";
import { connect as connectTLS } from "node:tls";
import { EventStreamReader } from "./event-stream.ts";
import type { StreamClient, StreamRequest } from "./stream-client.ts";
import { turns } from "./wait-for.ts";

export interface RawTarget {
  port: number;
  host?: string;
  /** Speaks TLS without checking the certificate. */
  tls?: boolean;
}

type Framing = { kind: "none" } | { kind: "length"; left: number } | { kind: "chunked" } | { kind: "close" };

/** One response on a raw connection. */
export class RawResponse implements StreamClient {
  status = 0;
  reason = "";
  headers: Record<string, string> = {};
  /** Header lines as they came, without line ends. */
  rawHeaders: string[] = [];
  readonly stream = new EventStreamReader();
  readonly pieces: Buffer[] = [];
  finished = false;
  framing: Framing | undefined;

  readonly connection: RawConnection;
  readonly method: string;

  constructor(connection: RawConnection, method: string) {
    this.connection = connection;
    this.method = method;
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get over(): boolean {
    return this.connection.over || (this.finished && this.framing?.kind !== "close");
  }

  stall(): void {
    this.connection.socket.pause();
  }

  resume(): void {
    this.connection.socket.resume();
  }

  leave(): void {
    this.connection.socket.destroy();
  }

  reset(): void {
    this.connection.socket.resetAndDestroy();
  }

  /** Sends FIN and goes on reading. */
  halfClose(): void {
    this.connection.socket.end();
  }

  takePiece(bytes: Buffer): void {
    if (bytes.length === 0) return;
    this.pieces.push(bytes);
    this.stream.push(bytes);
  }
}

/** A socket with the requests sent on it and the responses to them, in order. */
export class RawConnection {
  readonly socket: Socket;
  readonly responses: RawResponse[] = [];
  /** The peer has sent FIN. */
  ended = false;
  /** The socket is gone. */
  closed = false;
  /** The error that ended it, such as ECONNRESET. */
  error: NodeJS.ErrnoException | undefined;
  /** Why what came is no HTTP response, if it isn't. */
  broken: string | undefined;
  #rest: Buffer = Buffer.alloc(0);
  #at = 0;
  readonly #host: string;

  constructor(target: RawTarget, { stalled = false }: { stalled?: boolean } = {}) {
    const host = target.host ?? "127.0.0.1";
    this.#host = `${host}:${target.port}`;
    this.socket = target.tls
      ? connectTLS({ port: target.port, host, rejectUnauthorized: false })
      : connectSocket({ port: target.port, host, allowHalfOpen: true });
    this.socket.setNoDelay(true);
    this.socket.on("data", (bytes: Buffer) => this.#take(bytes));
    this.socket.on("end", () => {
      this.ended = true;
      const response = this.responses[this.#at];
      if (response?.framing?.kind === "close") response.finished = true;
    });
    this.socket.on("close", () => (this.closed = true));
    this.socket.on("error", (error) => (this.error = error));
    if (stalled) this.socket.pause();
  }

  /** Nothing more can come. */
  get over(): boolean {
    return this.ended || this.closed;
  }

  /** Sends a request; further ones may follow at once (pipelining). */
  send(request: StreamRequest = {}): RawResponse {
    const response = new RawResponse(this, request.method ?? "GET");
    this.responses.push(response);
    this.socket.write(this.format(request));
    return response;
  }

  /** Sends a request in pieces of `pieceBytes`, each in a turn of its own. */
  async trickle(request: StreamRequest, pieceBytes = 1): Promise<RawResponse> {
    const response = new RawResponse(this, request.method ?? "GET");
    this.responses.push(response);
    const text = Buffer.from(this.format(request));
    for (let at = 0; at < text.length; at += pieceBytes) {
      this.socket.write(text.subarray(at, at + pieceBytes));
      await turns(1);
    }
    return response;
  }

  /** The request as text. */
  format({ path = "/", method = "GET", headers = {}, body }: StreamRequest): string {
    const lines = [`${method} ${path} HTTP/1.1`];
    const all: Record<string, string> = { host: this.#host, ...headers };
    let text = "";
    if (body !== undefined) {
      text = typeof body === "string" ? body : JSON.stringify(body);
      all["content-type"] ??= "application/json";
      all["content-length"] ??= String(Buffer.byteLength(text));
    }
    for (const [name, value] of Object.entries(all)) lines.push(`${name}: ${value}`);
    return `${lines.join("\r\n")}\r\n\r\n${text}`;
  }

  #take(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.broken === undefined && this.#step());
  }

  /** Takes one head or one piece of a body off the bytes received; false when more must come first. */
  #step(): boolean {
    const response = this.responses[this.#at];
    if (this.#rest.length === 0) return false;
    if (!response) return this.#break("bytes that belong to no request");
    if (!response.framing) return this.#takeHead(response);
    switch (response.framing.kind) {
      case "none":
        return this.#finish(response);
      case "close":
        response.takePiece(this.#cut(this.#rest.length));
        return false;
      case "length": {
        const piece = this.#cut(Math.min(response.framing.left, this.#rest.length));
        response.framing.left -= piece.length;
        response.takePiece(piece);
        return response.framing.left === 0 ? this.#finish(response) : false;
      }
      case "chunked":
        return this.#takeChunk(response);
    }
  }

  #takeHead(response: RawResponse): boolean {
    const end = this.#rest.indexOf("\r\n\r\n");
    if (end === -1) return false;
    const [first = "", ...lines] = this.#cut(end + 4)
      .toString("latin1")
      .trimEnd()
      .split("\r\n");
    const status = /^HTTP\/1\.1 (\d{3}) (.*)$/.exec(first);
    if (!status) return this.#break(`not a status line: ${JSON.stringify(first)}`);
    response.rawHeaders = lines;
    for (const line of lines) {
      const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*$/.exec(line);
      if (!header) return this.#break(`not a header line: ${JSON.stringify(line)}`);
      const [, name = "", value = ""] = header;
      const key = name.toLowerCase();
      const before = Object.hasOwn(response.headers, key) ? response.headers[key] : undefined;
      response.headers[key] =
        before === undefined ? value : `${before}${key === "set-cookie" ? "\n" : ", "}${value}`;
    }
    response.framing = framingOf(Number(status[1]), response);
    response.reason = status[2] ?? "";
    response.status = Number(status[1]);
    const { framing } = response;
    if (framing.kind === "none" || (framing.kind === "length" && framing.left === 0)) this.#finish(response);
    return true;
  }

  #takeChunk(response: RawResponse): boolean {
    const end = this.#rest.indexOf("\r\n");
    if (end === -1) return false;
    const line = this.#rest.subarray(0, end).toString("latin1");
    if (!/^[0-9a-fA-F]+$/.test(line)) return this.#break(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    if (this.#rest.length < end + 2 + size + 2) return false;
    this.#cut(end + 2);
    const piece = this.#cut(size);
    if (this.#cut(2).toString("latin1") !== "\r\n") return this.#break("a chunk without its line end");
    response.takePiece(piece);
    return size === 0 ? this.#finish(response) : true;
  }

  #finish(response: RawResponse): boolean {
    response.finished = true;
    this.#at++;
    return true;
  }

  #cut(length: number): Buffer {
    const piece = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return piece;
  }

  #break(why: string): false {
    this.broken = why;
    return false;
  }
}

function framingOf(status: number, response: RawResponse): Framing {
  if (response.method === "HEAD" || status === 204 || status === 304) return { kind: "none" };
  if (/\bchunked\b/i.test(response.headers["transfer-encoding"] ?? "")) return { kind: "chunked" };
  const length = response.headers["content-length"];
  return length === undefined ? { kind: "close" } : { kind: "length", left: Number(length) };
}

/** Opens a connection of its own for one request. */
export function openRaw(target: RawTarget, request: StreamRequest = {}): RawResponse {
  return new RawConnection(target, { stalled: request.stalled ?? false }).send(request);
}
