/** Someone came on a channel or went off it. */
export type PresenceChange = { event: "joined" | "left"; callSign: string };

/** Told of a change on a channel, after the change. */
export type PresenceListener = (channel: number, change: PresenceChange) => Promise<unknown>;

interface Skipper {
  /** How often the call sign is here: two streams of one skipper are one skipper. */
  count: number;
  /** Runs while nothing holds the call sign here any more, but nobody was told yet. */
  leaving: NodeJS.Timeout | undefined;
}

/** Who is gone for less than this, as by a reload of the page or a broken connection, was not gone. */
const GRACE_MS = 2_000;

/** Who is on which radio channel, in this process. Others hear of it by the listener. */
export class Presence {
  readonly #channels = new Map<number, Map<string, Skipper>>();
  readonly #listener: PresenceListener;

  constructor(listener: PresenceListener) {
    this.#listener = listener;
  }

  /** The call signs on a channel, in alphabetical order. */
  on(channel: number): string[] {
    return [...(this.#channels.get(channel)?.keys() ?? [])].sort();
  }

  /**
   * Brings a call sign on a channel. Resolves, when the others are told, to what takes it off again; further
   * calls of that do nothing.
   */
  async enter(channel: number, callSign: string): Promise<() => void> {
    const here = this.#channels.get(channel) ?? new Map<string, Skipper>();
    this.#channels.set(channel, here);
    const known = here.get(callSign);
    const skipper = known ?? { count: 0, leaving: undefined };
    clearTimeout(skipper.leaving);
    skipper.count++;
    here.set(callSign, skipper);
    if (!known) await this.#listener(channel, { event: "joined", callSign });

    let isHere = true;
    return () => {
      if (!isHere) return;
      isHere = false;
      if (--skipper.count > 0) return;
      skipper.leaving = setTimeout(() => this.#leave(channel, callSign), GRACE_MS);
      skipper.leaving.unref();
    };
  }

  #leave(channel: number, callSign: string): void {
    const here = this.#channels.get(channel);
    here?.delete(callSign);
    if (here?.size === 0) this.#channels.delete(channel);
    // Nobody waits for this one: a broker that is away, or closed with the server, is no reason to fall over.
    this.#listener(channel, { event: "left", callSign }).catch(() => undefined);
  }
}
