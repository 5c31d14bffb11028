// Reads the events of one stream cheaply enough for thousands of streams: it walks the chunks of the response,
// and looks within them only for the end of each event's data, where its number and its time stand.

/** Why a stream is not as it should be. */
export class BadStreamError extends Error {
  override readonly name = "BadStreamError";
}

/** What a reader tells of each event. */
export interface EventListener {
  /** An event is complete; `at` is when it was published, in µs, and 0 where that isn't told. */
  onEvent(n: number, at: number): void;
}

const NOTHING = Buffer.alloc(0);
const CR = 13;
const LF = 10;
const END_OF_HEAD = Buffer.from("\r\n\r\n");
const MARK = Buffer.from('"n":');
const TIME = Buffer.from('"at":');
/** Longest text from a mark to the end of its event; with the time before it. */
const TAIL_BYTES = 64;
/** Bytes of the body that are kept for a look at what was really sent. */
const SAMPLE_BYTES = 8_192;

type State = "head" | "size" | "data" | "after data" | "raw" | "done";

/** Reads one response. */
export class EventReader {
  /** Bytes that came, the head included. */
  bytes = 0;
  events = 0;
  /** Number of the latest event. */
  last: number | undefined;
  #state: State = "head";
  #head = "";
  #size = "";
  #left = 0;
  /** The end of what was looked through, where an event may have begun that ends in the next piece. */
  #tail: Buffer = NOTHING;
  #sample: Buffer[] = [];
  #sampled = 0;
  readonly #listener: EventListener;
  readonly #keepsSample: boolean;

  constructor(listener: EventListener, { sample = false }: { sample?: boolean } = {}) {
    this.#listener = listener;
    this.#keepsSample = sample;
  }

  /** The head has come. */
  get isOpen(): boolean {
    return this.#state !== "head";
  }

  /** The response has ended as it should. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** The beginning of the body, for a look at the format. */
  get sample(): string {
    return Buffer.concat(this.#sample).toString();
  }

  /**
   * Takes bytes as they come.
   *
   * @throws BadStreamError for a response that is none, or an event that is lost, doubled or out of order.
   */
  push(piece: Buffer): void {
    this.bytes += piece.length;
    let at = 0;
    while (at < piece.length) at = this.#step(piece, at);
  }

  #step(piece: Buffer, at: number): number {
    switch (this.#state) {
      case "head":
        return this.#takeHead(piece, at);
      case "size":
        return this.#takeSize(piece, at);
      case "data": {
        const end = Math.min(piece.length, at + this.#left);
        this.#left -= end - at;
        this.#look(piece.subarray(at, end));
        if (this.#left === 0) this.#state = "after data";
        return end;
      }
      case "after data":
        if (piece[at] === LF) this.#state = "size";
        else if (piece[at] !== CR) throw new BadStreamError("a chunk doesn't end where its size says");
        return at + 1;
      case "raw":
        this.#look(piece.subarray(at));
        return piece.length;
      case "done":
        if (piece[at] !== CR && piece[at] !== LF)
          throw new BadStreamError("bytes after the end of the response");
        return at + 1;
    }
  }

  #takeHead(piece: Buffer, from: number): number {
    const before = this.#head.length;
    this.#head += piece.toString("latin1", from);
    const end = this.#head.indexOf(END_OF_HEAD.toString("latin1"));
    if (end === -1) return piece.length;
    const head = this.#head.slice(0, end);
    if (!head.startsWith("HTTP/1.1 200 ") || !/^content-type: text\/event-stream/im.test(head)) {
      throw new BadStreamError(`not a stream:\n${this.#head.slice(0, 2_000)}`);
    }
    this.#state = /^transfer-encoding: chunked/im.test(head) ? "size" : "raw";
    return from + end + END_OF_HEAD.length - before;
  }

  #takeSize(piece: Buffer, from: number): number {
    const end = piece.indexOf(LF, from);
    if (end === -1) {
      this.#size += piece.toString("latin1", from);
      return piece.length;
    }
    const line = this.#size + piece.toString("latin1", from, end);
    this.#size = "";
    if (!/^[0-9a-f]+\r$/i.test(line))
      throw new BadStreamError(`not the size of a chunk: ${JSON.stringify(line)}`);
    this.#left = Number.parseInt(line, 16);
    this.#state = this.#left === 0 ? "done" : "data";
    return end + 1;
  }

  /** Looks for the ends of events in a piece of the body. */
  #look(piece: Buffer): void {
    if (this.#keepsSample && this.#sampled < SAMPLE_BYTES) {
      this.#sample.push(Buffer.from(piece));
      this.#sampled += piece.length;
    }
    const body = this.#tail.length === 0 ? piece : Buffer.concat([this.#tail, piece]);
    let seen = 0;
    for (let mark = body.indexOf(MARK); mark !== -1; mark = body.indexOf(MARK, seen)) {
      const from = mark + MARK.length;
      let n = 0;
      let at = from;
      for (let digit = body[at]; digit !== undefined && digit >= 48 && digit <= 57; digit = body[++at]) {
        n = n * 10 + digit - 48;
      }
      if (at >= body.length) break;
      if (at === from) throw new BadStreamError("an event without a number");
      this.#take(n, readTime(body, mark));
      seen = at;
    }
    const isBetween = body.length - seen < TAIL_BYTES && body.at(-1) === LF && body.at(-2) === LF;
    this.#tail = isBetween ? NOTHING : Buffer.from(body.subarray(Math.max(seen, body.length - TAIL_BYTES)));
  }

  #take(n: number, at: number): void {
    const { last } = this;
    if (last !== undefined && n !== last + 1) {
      const what = n === last ? "doubled" : n < last ? "out of order" : "lost";
      throw new BadStreamError(`an event is ${what}: ${n} came after ${last}`);
    }
    this.last = n;
    this.events++;
    this.#listener.onEvent(n, at);
  }
}

/** Reads the time that stands right before the number; 0 where none does. */
function readTime(body: Buffer, mark: number): number {
  const start = mark - TIME.length - 17;
  if (start < 0) return 0;
  const at = body.indexOf(TIME, start);
  if (at === -1 || at > mark) return 0;
  const time = Number(body.toString("latin1", at + TIME.length, mark - 1));
  return Number.isNaN(time) ? 0 : time;
}
