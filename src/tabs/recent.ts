/** An event as it is passed on. */
export interface Item {
  /** Tells it from every other event in any tab. */
  position: string;
  /** The last event ID, if this event has changed it. */
  id?: string;
  /** Its bytes, as text. */
  text: string;
}

/** A place between two events. */
export interface Place {
  /** Position of the event before it. */
  position: string;
  /** The last event ID there; "" for none, `undefined` where it is not enough to find the place again. */
  id: string | undefined;
}

/** How much is kept. */
export interface RecentLimits {
  maxEvents: number;
  /** UTF-16 code units. */
  maxLength: number;
}

/** The last events of a stream without a hole among them, for those who have missed some. */
export class RecentEvents {
  /** Position of the last event. */
  position: string;
  /** The last event ID as of the last event, "" for none. */
  lastEventId: string;
  readonly #limits: RecentLimits;
  #items: Item[] = [];
  #length = 0;
  /** The place before the first that is kept. */
  #start: Place;

  /** Starts at a place; `lastEventId` is the one that holds there. */
  constructor(start: Place, lastEventId: string, limits: RecentLimits) {
    this.#start = start;
    this.position = start.position;
    this.lastEventId = lastEventId;
    this.#limits = limits;
  }

  /** Adds what came next, and drops the oldest beyond the limits. */
  push(items: readonly Item[]): void {
    for (const item of items) {
      this.#items.push(item);
      this.#length += item.text.length;
      this.position = item.position;
      this.lastEventId = item.id ?? this.lastEventId;
    }
    let count = 0;
    const { maxEvents, maxLength } = this.#limits;
    while (this.#items.length - count > maxEvents || this.#length > maxLength) {
      const { position, id, text } = this.#items[count++] as Item;
      this.#length -= text.length;
      this.#start = { position, id };
    }
    this.#items.splice(0, count);
  }

  /** Gives the events after a place, or `undefined` where that is not among those kept. */
  after({ position, id }: Partial<Place>): Item[] | undefined {
    const isIt = (place: Partial<Place>): boolean =>
      position !== undefined ? place.position === position : Boolean(id) && place.id === id;
    const index = this.#items.findLastIndex(isIt);
    return index >= 0 || isIt(this.#start) ? this.#items.slice(index + 1) : undefined;
  }
}
