// Reads an event stream from pieces of bytes that may break anywhere: within a code point, a CRLF, a field.
//
// Each piece is decoded on its own and searched for line ends once; a line's beginning is kept as text that
// nobody searches again, so that the cost is linear however the bytes come. A CR ends its line at once, so
// that no event waits for a byte that may not follow; a LF right after it then counts for nothing. What has
// come of a block without its blank line is never dispatched, nor is its id taken over.

/** An event as it stands in the stream. @see HTML Living Standard 9.2.6 */
export interface StreamedEvent {
  /** `message` where the stream names none. */
  event: string;
  data: string;
  /** The last event ID as of this event, "" for none. */
  id: string;
}

/** What is told as it is read, in order. */
export interface EventStreamListener {
  onEvent(event: StreamedEvent): void;
  /** A comment line's text, without its colon. */
  onComment?(text: string): void;
  /** The reconnection time in ms that the stream asks for. */
  onRetry?(retryMs: number): void;
}

/** Options of an `EventStreamReader`. */
export interface EventStreamReaderOptions {
  /** The last event ID before the first byte; "" by default. */
  lastEventId?: string;
  /** Longest block taken, in UTF-16 code units; no bound by default. */
  maxEventLength?: number;
}

/** Parses one response's body. @see HTML Living Standard 9.2.5, 9.2.6 */
export class EventStreamReader {
  readonly #listener: EventStreamListener;
  readonly #maxLength: number;
  // Takes one BOM off the beginning, and carries split code points over.
  readonly #decoder = new TextDecoder();
  #lastEventId: string;
  #idBuffer: string;
  #line = "";
  #afterCR = false;
  #event = "";
  #data = "";
  #blockLength = 0;

  constructor(listener: EventStreamListener, options: EventStreamReaderOptions = {}) {
    this.#listener = listener;
    this.#maxLength = options.maxEventLength ?? Number.POSITIVE_INFINITY;
    this.#lastEventId = this.#idBuffer = options.lastEventId ?? "";
  }

  /** Id of the last complete block that had one, also where it had no data. */
  get lastEventId(): string {
    return this.#lastEventId;
  }

  /**
   * Takes the next bytes and tells the listener of all that they complete.
   *
   * @throws RangeError for an event beyond `maxEventLength`; nothing more may be pushed then.
   */
  push(bytes: Uint8Array): void {
    const text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    let start = this.#afterCR && text.startsWith("\n") ? 1 : 0;
    this.#afterCR = text.endsWith("\r");
    const lineEnd = /\r\n?|\n/g;
    lineEnd.lastIndex = start;
    for (let match = lineEnd.exec(text); match; match = lineEnd.exec(text)) {
      const line = this.#line + text.slice(start, match.index);
      this.#line = "";
      start = lineEnd.lastIndex;
      this.#takeLine(line);
    }
    this.#line += text.slice(start);
    this.#assertLength(this.#line.length);
  }

  #takeLine(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    if (line.startsWith(":")) {
      this.#assertLength(line.length);
      this.#listener.onComment?.(line.slice(1));
      return;
    }
    this.#assertLength(line.length);
    this.#blockLength += line.length;
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + (line[colon + 1] === " " ? 2 : 1));
    if (name === "data") this.#data += `${value}\n`;
    else if (name === "event") this.#event = value;
    else if (name === "id" && !value.includes("\0")) this.#idBuffer = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.#listener.onRetry?.(Number(value));
  }

  #dispatch(): void {
    const [event, data] = [this.#event, this.#data];
    this.#event = this.#data = "";
    this.#blockLength = 0;
    this.#lastEventId = this.#idBuffer;
    if (data === "") return;
    this.#listener.onEvent({ event: event || "message", data: data.slice(0, -1), id: this.#lastEventId });
  }

  #assertLength(length: number): void {
    if (this.#blockLength + length > this.#maxLength) {
      throw new RangeError(`an event is longer than ${this.#maxLength} characters`);
    }
  }
}
