import { ResponseFormatError } from "../errors/client-errors.ts";
import type { Answer, Head, LeaderState } from "./messages.ts";
import { isEventStream, readAnswer, readPieces } from "./pieces.ts";
import { RecentEvents, type Item, type RecentLimits } from "./recent.ts";
import { toHead, toResponse, type Rejoin, type Seat, type SeatState } from "./seat.ts";

/** What came, for all readers. */
export interface Delivery {
  items: readonly Item[];
  comments: string;
  preamble: string;
}

/** The readers of one stream in one tab, and what the tab knows of the stream. */
export class Readers {
  readonly #seats = new Set<Seat>();
  readonly #fetch: typeof globalThis.fetch;
  readonly #limits: RecentLimits;
  readonly #encoder = new TextEncoder();
  #head: Head | undefined;
  #preamble = "";
  #recent: RecentEvents | undefined;
  /** Whether `deliver` is told of everything, so that nothing is missing between two calls. */
  isInStep = false;

  constructor(fetch: typeof globalThis.fetch, limits: RecentLimits) {
    this.#fetch = fetch;
    this.#limits = limits;
  }

  /** How many there are, whichever way they read. */
  get count(): number {
    return this.#seats.size;
  }

  /** The last events; `undefined` before the tab has been in step with the stream. */
  get recent(): RecentEvents | undefined {
    return this.#recent;
  }

  /** What another tab has to know to get in step; `undefined` before there is a response. */
  get state(): LeaderState | undefined {
    const recent = this.#recent;
    if (!this.#head || !recent) return undefined;
    const { position, lastEventId } = recent;
    return { head: this.#head, preamble: this.#preamble, position, lastEventId };
  }

  /** The first that has no response yet. */
  get waiting(): Seat | undefined {
    return this.#in("waiting")[0];
  }

  /** Adds one, until it is gone. */
  add(seat: Seat): void {
    this.#seats.add(seat);
    seat.signal.addEventListener("abort", () => this.#seats.delete(seat));
  }

  /** Takes a stream's response for the one that all go on reading; the first begins after that place. */
  open(head: Head, position: string, lastEventId: string): void {
    this.#recent ??= new RecentEvents({ position, id: lastEventId }, lastEventId, this.#limits);
    this.#head = head;
    this.isInStep = true;
  }

  /**
   * Gets in step with another tab. `missed` is what came there after this tab's place or, where it had none, after
   * that id; `undefined` where that is not known: then what came is lost to those who have been reading.
   */
  follow({ head, preamble, position, lastEventId }: LeaderState, id: string, missed?: readonly Item[]): void {
    this.#head = head;
    if (!missed) {
      // With an id they can ask for it themselves; without one it is lost as in any other reconnection.
      if (this.#recent?.lastEventId) for (const seat of this.#in("live")) seat.close();
      this.#recent = undefined;
    }
    if (!this.#recent) {
      const start = missed
        ? { position: missed.length > 0 ? "" : position, id }
        : { position, id: lastEventId };
      this.#recent = new RecentEvents(start, start.id, this.#limits);
    }
    this.isInStep = true;
    this.deliver({ items: missed ?? [], comments: "", preamble });
  }

  /** Gives what came to all who read along, and lets those who have caught up do so. */
  deliver({ items, comments, preamble }: Delivery): void {
    this.#recent?.push(items);
    // Those who have been reading have to hear of another reconnection time, too.
    const bytes = this.#encode(items, comments + (preamble === this.#preamble ? "" : preamble));
    this.#preamble = preamble;
    for (const seat of this.#in("live")) seat.push(bytes);
    for (const seat of this.#in("direct")) this.#switch(seat);
  }

  /** Gives a response to those who wait for one, and what they have missed, where the tab is in step. */
  admit(): void {
    const recent = this.#recent;
    if (!recent || !this.isInStep) return;
    for (const seat of this.#in("waiting")) {
      const missed = seat.lastEventId ? recent.after({ id: seat.lastEventId }) : [];
      if (missed) this.#readAlong(seat, missed);
      else void this.#readAlone(seat);
    }
  }

  /** Gives an answer that is no stream to those who wait; with `rejoin` they ask for one of their own in turn. */
  answer(answer: Answer | undefined, rejoin?: Rejoin): void {
    for (const seat of this.#in("waiting")) {
      if (rejoin) seat.answer(Promise.resolve().then(() => rejoin(seat.request, seat.lastEventId ?? "")));
      else if (answer) seat.answer(toResponse(answer.head, answer.body));
      else seat.close();
    }
  }

  /** Lets everybody who waits ask the server alone. */
  dissolve(): void {
    for (const seat of this.#in("waiting")) void this.#readAlone(seat);
  }

  /** Ends it for all but those that have a request of their own; for good where there is a problem. */
  close(problem?: string): void {
    this.isInStep = false;
    for (const seat of [...this.#in("waiting"), ...this.#in("live")]) {
      if (problem === undefined) seat.close();
      else seat.fail(new ResponseFormatError(problem));
    }
  }

  #in(state: SeatState): Seat[] {
    return Array.from(this.#seats).filter((seat) => seat.state === state);
  }

  /** Asks the server for one reader whose place nobody knows, until it has caught up with the others. */
  async #readAlone(seat: Seat): Promise<void> {
    const own = new AbortController();
    const { signal } = own;
    seat.own = own;
    seat.signal.addEventListener("abort", () => own.abort(), { signal });
    // Not as a method of this: a browser's fetch insists on its own `this`.
    const fetch = this.#fetch;
    try {
      const response = await fetch(seat.request, { signal });
      signal.throwIfAborted();
      if (!isEventStream(response)) {
        // Read first: with the seat the request ends, and a body that nobody has read yet.
        const { head, body } = await readAnswer(response);
        seat.answer(toResponse(head, body));
        return;
      }
      seat.open(toHead(response));
      let told = "";
      await readPieces(response, seat.lastEventId ?? "", async ({ events, comments, preamble }) => {
        signal.throwIfAborted();
        seat.push(this.#encode(events, comments + (preamble === told ? "" : preamble)));
        told = preamble;
        if (events.length > 0) seat.lastEventId = events.at(-1)?.id;
        this.#switch(seat);
        // One that is slow slows down the server, as it would without the others.
        await seat.room();
      });
      seat.close();
    } catch (error) {
      if (!signal.aborted) seat.fail(error);
    }
  }

  /** Lets a reader that has caught up go on with the others. */
  #switch(seat: Seat): void {
    const id = seat.lastEventId;
    const missed = this.isInStep && id ? this.#recent?.after({ id }) : undefined;
    if (missed) this.#readAlong(seat, missed);
  }

  #readAlong(seat: Seat, missed: readonly Item[]): void {
    seat.own?.abort();
    seat.own = undefined;
    seat.isLive = true;
    if (this.#head && !seat.isOpen) seat.open(this.#head);
    seat.push(this.#encode([{ text: this.#preamble }, ...missed]));
  }

  #encode(texts: readonly { text: string }[], rest = ""): Uint8Array {
    return this.#encoder.encode(texts.map(({ text }) => text).join("") + rest);
  }
}
