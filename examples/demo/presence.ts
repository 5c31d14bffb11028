/** Someone came on a channel or went off it. */
export type PresenceChange = { event: "joined" | "left"; callSign: string };

type Listener = (change: PresenceChange) => void;

interface Channel {
  /** How many streams each call sign has open: two tabs of one skipper are one skipper. */
  streams: Map<string, number>;
  listeners: Set<Listener>;
}

/**
 * Who listens on which radio channel, in this process. With several server processes each knows its own
 * listeners only; sharing them is a topic's work.
 */
export class Presence {
  readonly #channels = new Map<number, Channel>();

  /** The call signs on a channel, in alphabetical order. */
  on(channel: number): string[] {
    return [...(this.#channels.get(channel)?.streams.keys() ?? [])].sort();
  }

  /**
   * Brings a call sign on a channel and tells the others. `listener` hears of everyone else until the returned
   * function is called, which takes the call sign off again; further calls of it do nothing.
   */
  enter(channel: number, callSign: string, listener: Listener): () => void {
    const here = this.#open(channel);
    const before = here.streams.get(callSign) ?? 0;
    here.streams.set(callSign, before + 1);
    if (before === 0) tell(here, { event: "joined", callSign });
    here.listeners.add(listener);

    return () => {
      if (!here.listeners.delete(listener)) return;
      const after = (here.streams.get(callSign) ?? 1) - 1;
      if (after > 0) {
        here.streams.set(callSign, after);
        return;
      }
      here.streams.delete(callSign);
      tell(here, { event: "left", callSign });
      if (here.streams.size === 0) this.#channels.delete(channel);
    };
  }

  #open(channel: number): Channel {
    let here = this.#channels.get(channel);
    if (!here) {
      here = { streams: new Map(), listeners: new Set() };
      this.#channels.set(channel, here);
    }
    return here;
  }
}

function tell(channel: Channel, change: PresenceChange): void {
  for (const listener of channel.listeners) listener(change);
}
