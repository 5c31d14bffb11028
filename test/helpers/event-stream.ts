/**
 * A reader of `text/event-stream` for tests, written from HTML 9.2.5 and 9.2.6 alone and sharing nothing
 * with the product's own, so that a mistake there cannot hide here. It keeps the raw text beside what an
 * EventSource would have dispatched.
 */

/** An event as an EventSource would dispatch it. */
export interface ReceivedEvent {
  event: string;
  data: string;
  /** The last event ID at the moment of dispatch. */
  lastEventId: string;
}

/** One block of the stream, blank line included, as it came. */
export interface ReceivedFrame {
  raw: string;
  /** The fields in order; a comment has the name `""`. */
  fields: { name: string; value: string }[];
}

/** Takes the bytes of a body in any pieces and collects frames, events and comments. */
export class EventStreamReader {
  readonly events: ReceivedEvent[] = [];
  readonly frames: ReceivedFrame[] = [];
  readonly comments: string[] = [];
  /** The reconnection time last asked for, in ms. */
  retry: number | undefined;
  lastEventId = "";
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  #pieces: string[] = [];
  #rest = "";
  #frame = "";
  #fields: ReceivedFrame["fields"] = [];
  #data: string[] = [];
  #event = "";
  #id = "";
  #first = true;

  push(bytes: Uint8Array): void {
    let piece = this.#decoder.decode(bytes, { stream: true });
    if (piece === "") return;
    this.#pieces.push(piece);
    if (this.#first) {
      this.#first = false;
      if (piece.startsWith("\uFEFF")) piece = piece.slice(1);
    }
    this.#rest += piece;
    this.#takeLines();
  }

  /** Everything received, decoded as UTF-8; broken bytes show as U+FFFD. */
  get text(): string {
    if (this.#pieces.length > 1) this.#pieces = [this.#pieces.join("")];
    return this.#pieces[0] ?? "";
  }

  /** The data of every event of that name, parsed as JSON. */
  dataOf(event: string): any[] {
    return this.events.filter((each) => each.event === event).map((each) => JSON.parse(each.data));
  }

  /** The names of all events in order. */
  get names(): string[] {
    return this.events.map((each) => each.event);
  }

  /** The text from the end of the first frame on: the stream without its opening comment. */
  get afterOpening(): string {
    const opening = this.frames[0];
    return opening ? this.text.slice(opening.raw.length) : "";
  }

  #takeLines(): void {
    for (;;) {
      const match = /\r\n|\n|\r/.exec(this.#rest);
      if (!match) return;
      // A CR that ends what has come so far may be half of a CRLF.
      if (match[0] === "\r" && match.index === this.#rest.length - 1) return;
      const line = this.#rest.slice(0, match.index);
      this.#rest = this.#rest.slice(match.index + match[0].length);
      this.#frame += line + match[0];
      this.#takeLine(line);
    }
  }

  #takeLine(line: string): void {
    if (line === "") {
      this.#dispatch();
      return;
    }
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    let value = colon === -1 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    this.#fields.push({ name, value });
    if (colon === 0) this.comments.push(value);
    else if (name === "event") this.#event = value;
    else if (name === "data") this.#data.push(value);
    else if (name === "id" && !value.includes("\0")) this.#id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) this.retry = Number(value);
  }

  #dispatch(): void {
    this.lastEventId = this.#id;
    this.frames.push({ raw: this.#frame, fields: this.#fields });
    this.#frame = "";
    if (this.#data.length > 0) {
      this.events.push({
        event: this.#event || "message",
        data: this.#data.join("\n"),
        lastEventId: this.lastEventId,
      });
    }
    this.#fields = [];
    this.#data = [];
    this.#event = "";
  }
}
