// Writes a stream's body. Over HTTP/1.1 it goes to the socket itself: Node's own way through the response costs as
// much again as the system call. A chunk is framed here then (RFC 9112, 7.1), which for frames that many connections
// get is done once for all of them.
//
// That holds only while the response is the one that the socket is at, so not for one behind another (pipelining)
// until its turn has come, and never for HTTP/2 or a client of HTTP/1.0.

import { ServerResponse } from "node:http";
import type { Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";

import type { FrameBatch } from "../delivery/frame-batch.ts";
import type { Transport, TransportOwner } from "./transport.ts";

/** Not public, so their absence only makes the view of progress coarser, or the way longer. */
interface HandleOwner {
  _handle?: { writeQueueSize?: number } | null;
}
interface Inner {
  chunkedEncoding?: boolean;
  _header?: string;
  _headerSent?: boolean;
  _send?(data: string, encoding: "latin1"): boolean;
}

const NOTHING = Buffer.alloc(0);
/** What is kept of a head that was sent; Node looks at no more of it than that it is there. */
const SENT_HEAD = "HTTP/1.1 200 OK\r\n\r\n";
const ignore = (): void => {};

/** Writes to an HTTP/1.1 response or, for HTTP/2, to its stream, once the head is written. */
export class HTTPTransport implements Transport {
  readonly #target: ServerResponse | ServerHttp2Stream;
  readonly #response: ServerResponse | Http2ServerResponse;
  #owner: TransportOwner | undefined;
  /** The socket, once it is written to directly. */
  #socket: Socket | undefined;
  #hasHead = false;
  #isWatched = false;
  #isAsked = false;
  #onSent: (() => void) | undefined;

  constructor(response: ServerResponse | Http2ServerResponse) {
    this.#response = response;
    this.#target = "stream" in response ? response.stream : response;
    // A write after the client has gone fails with EPIPE or the like; the close event tells the rest.
    this.#target.on("error", ignore);
  }

  get pendingBytes(): number {
    // Of both: once the client has sent its FIN the socket takes no more, and the response keeps what is written.
    return this.#target.writableLength;
  }

  get needsDrain(): boolean {
    // `writableNeedDrain` stays true for a turn after the kernel has taken all.
    return this.pendingBytes >= this.#target.writableHighWaterMark;
  }

  get inFlightBytes(): number {
    // The socket of an HTTP/2 response is shared by all streams of its session, so it tells nothing of this one.
    if ("stream" in this.#response) return 0;
    const socket: (Socket & HandleOwner) | null = this.#response.socket;
    return socket?._handle?.writeQueueSize ?? 0;
  }

  attach(owner: TransportOwner): void {
    this.#owner = owner;
  }

  write(chunk: string | Buffer, bytes: number): void {
    const socket = this.#findSocket();
    if (!socket) {
      this.#onSent ??= () => this.#owner?.onSent();
      this.#watchDrain(this.#target.write(chunk, this.#onSent), this.#target);
      this.#hasHead = true;
    } else if (this.#hasHead) {
      this.#writeChunk(socket, chunk, bytes);
    } else {
      this.#writeHead(socket, chunk, bytes);
    }
  }

  writeBatch(batch: FrameBatch): void {
    const socket = this.#findSocket();
    if (socket) this.#watchDrain(socket.write(batch.chunk), socket);
    else this.write(batch.bytes, batch.bytes.length);
  }

  watchSent(): void {
    // Where another stands between the response and the socket, every write tells.
    if (this.#onSent || this.#isAsked || this.pendingBytes === 0) return;
    const target = this.#socket ?? this.#findSocket() ?? this.#target;
    if (!target.writable) return;
    this.#isAsked = true;
    target.write(NOTHING, () => {
      this.#isAsked = false;
      this.#owner?.onSent();
    });
  }

  end(onFlushed: () => void): void {
    this.#target.end(onFlushed);
  }

  destroy(): void {
    this.#target.destroy();
  }

  /** Writes the head and the first chunk, as one text where that can be, which costs less than to gather two. */
  #writeHead(socket: Socket, chunk: string | Buffer, bytes: number): void {
    const response = this.#response as ServerResponse & Inner;
    if (response._send && typeof chunk === "string" && encodingOf(chunk, bytes) === "latin1") {
      this.#watchDrain(response._send(frameChunk(chunk, bytes), "latin1"), socket);
    } else {
      socket.cork();
      // A head is Latin-1 (RFC 9110, 5.5), which Node's public way forgets.
      if (response._send) response._send("", "latin1");
      else response.flushHeaders();
      this.#writeChunk(socket, chunk, bytes);
      socket.uncork();
    }
    this.#hasHead = true;
    // Node would keep the head's text for as long as the response lasts.
    if (response._headerSent && response._header) response._header = SENT_HEAD;
  }

  #writeChunk(socket: Socket, chunk: string | Buffer, bytes: number): void {
    if (typeof chunk === "string") {
      this.#watchDrain(socket.write(frameChunk(chunk, bytes), encodingOf(chunk, bytes)), socket);
      return;
    }
    socket.cork();
    socket.write(`${bytes.toString(16)}\r\n`, "latin1");
    socket.write(chunk);
    this.#watchDrain(socket.write("\r\n", "latin1"), socket);
    socket.uncork();
  }

  /** Whether nothing stands between the response and the socket. */
  get #isAlone(): boolean {
    if ("stream" in this.#response) return false;
    const { socket, chunkedEncoding, write } = this.#response as ServerResponse & Inner;
    // Whoever has put a function of their own there, as `inject` and instruments do, wants to see all of it.
    return socket !== null && chunkedEncoding === true && write === ServerResponse.prototype.write;
  }

  #findSocket(): Socket | undefined {
    if (this.#socket) return this.#socket.writable ? this.#socket : undefined;
    if (!this.#isAlone) return undefined;
    const { socket, writableLength } = this.#response as ServerResponse;
    // Nothing of the response is anywhere else than in the socket.
    if (socket?.writable && writableLength === socket.writableLength) {
      this.#socket = socket;
      this.#onSent = undefined;
    }
    return this.#socket;
  }

  #watchDrain(hasRoom: boolean, target: Socket | ServerResponse | ServerHttp2Stream): void {
    if (hasRoom || this.#isWatched) return;
    this.#isWatched = true;
    target.once("drain", () => {
      this.#isWatched = false;
      this.#owner?.onDrain();
    });
  }
}

/** Frames a chunk (RFC 9112, 7.1). */
function frameChunk(chunk: string, bytes: number): string {
  return `${bytes.toString(16)}\r\n${chunk}\r\n`;
}

/** All of a text is ASCII if it has as many bytes as code units, and that is copied faster. */
function encodingOf(chunk: string, bytes: number): "latin1" | "utf8" {
  return bytes === chunk.length ? "latin1" : "utf8";
}
