import { connect, type Socket } from "node:net";

import { EventReader, type EventListener } from "./event-reader.ts";

/** How a client reads. */
export interface StreamClientOptions {
  /** Reads nothing, ever. */
  stalled?: boolean;
  /** Keeps the beginning of what comes. */
  sample?: boolean;
}

/** One stream, on a socket of its own. */
export class StreamClient {
  readonly reader: EventReader;
  /** What went wrong, if something did. */
  error: Error | undefined;
  /** The socket is gone. */
  isClosed = false;
  readonly #socket: Socket;
  readonly #onChange: () => void;

  /** @param onChange Called when the stream opens, fails or closes. */
  constructor(
    { port, path }: { port: number; path: string },
    listener: EventListener,
    onChange: () => void,
    { stalled = false, sample = false }: StreamClientOptions = {},
  ) {
    this.reader = new EventReader(listener, { sample });
    this.#onChange = onChange;
    this.#socket = connect({ port, host: "127.0.0.1", noDelay: true });
    this.#socket.on("connect", () => {
      this.#socket.write(
        `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept: text/event-stream\r\n\r\n`,
      );
      if (stalled) this.#onChange();
    });
    if (stalled) this.#socket.pause();
    else this.#socket.on("data", (piece: Buffer) => this.#take(piece));
    this.#socket.on("error", (error) => this.#fail(error));
    this.#socket.on("close", () => {
      this.isClosed = true;
      this.#onChange();
    });
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(piece: Buffer): void {
    const wasOpen = this.reader.isOpen;
    try {
      this.reader.push(piece);
    } catch (error) {
      this.#fail(error as Error);
      this.#socket.destroy();
      return;
    }
    if (!wasOpen && this.reader.isOpen) this.#onChange();
    else if (this.reader.isDone) this.#onChange();
  }

  #fail(error: Error): void {
    this.error ??= error;
    this.#onChange();
  }
}
