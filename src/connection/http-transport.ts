import type { ServerResponse } from "node:http";
import type { Http2ServerResponse, ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";

import type { Transport } from "./transport.ts";

/** Size of the write queue inside libuv; not public, so its absence only makes the view of progress coarser. */
interface HandleOwner {
  _handle?: { writeQueueSize?: number } | null;
}

/** Writes to an HTTP/1.1 response or, for HTTP/2, to its stream, once the head is written. */
export class HTTPTransport implements Transport {
  onDrain: (() => void) | undefined;
  readonly #target: ServerResponse | ServerHttp2Stream;
  readonly #response: ServerResponse | Http2ServerResponse;

  constructor(response: ServerResponse | Http2ServerResponse) {
    this.#response = response;
    this.#target = "stream" in response ? response.stream : response;
    this.#target.on("drain", () => this.onDrain?.());
    // A write after the client has gone fails with EPIPE or the like; the close event tells the rest.
    this.#target.on("error", () => {});
  }

  get pendingBytes(): number {
    return this.#target.writableLength;
  }

  get needsDrain(): boolean {
    return this.#target.writableNeedDrain;
  }

  get inFlightBytes(): number {
    // The socket of an HTTP/2 response is shared by all streams of its session, so it tells nothing of this one.
    if ("stream" in this.#response) return 0;
    const socket: (Socket & HandleOwner) | null = this.#response.socket;
    return socket?._handle?.writeQueueSize ?? 0;
  }

  write(chunk: string | Buffer, onSent: () => void): void {
    this.#target.write(chunk, onSent);
  }

  end(onFlushed: () => void): void {
    this.#target.end(onFlushed);
  }

  destroy(): void {
    this.#target.destroy();
  }
}
