import type { Link } from "./link.ts";

/** Stops hearing of a channel. */
export type Detach = () => Promise<void> | void;

/** How a connection is told which channels to hear of. */
export interface ChannelSource<C, M> {
  /** Resolves when everything that is sent from then on is heard. */
  attach(connection: C, name: string, onMessage: (message: M) => void): Promise<Detach>;
}

/** Who listens to a channel. */
export interface ChannelListener<M> {
  onMessage(message: M): void;
  /** Messages may have been missed; the next are heard again. */
  onInterruption(): void;
}

interface Channel<C, M> {
  readonly name: string;
  readonly listeners: Set<ChannelListener<M>>;
  attachment: { to: C; detach: Promise<Detach> } | undefined;
}

/** The channels that a process listens to on one connection, each heard once for however many listeners. */
export class Channels<C, M> {
  readonly #link: Link<C>;
  readonly #source: ChannelSource<C, M>;
  readonly #channels = new Map<string, Channel<C, M>>();
  /** Channels that are being let go of; one must be gone before it is heard of again. */
  readonly #leaving = new Map<string, Promise<void>>();

  constructor(link: Link<C>, source: ChannelSource<C, M>) {
    this.#link = link;
    this.#source = source;
  }

  get size(): number {
    return this.#channels.size;
  }

  /**
   * Adds a listener, and resolves to what removes it once the channel is heard.
   *
   * @param connection What the link has now.
   */
  async listen(connection: C, name: string, listener: ChannelListener<M>): Promise<() => void> {
    await this.#leaving.get(name);
    let channel = this.#channels.get(name);
    if (!channel) this.#channels.set(name, (channel = { name, listeners: new Set(), attachment: undefined }));
    const joined = channel;
    joined.listeners.add(listener);
    const leave = (): void => this.#leave(joined, listener);
    try {
      await this.#attach(joined, this.#link.connection ?? connection);
    } catch (error) {
      leave();
      throw error;
    }
    return leave;
  }

  /** To be called for each new connection: hears of everything again, and tells that it may have missed some. */
  resume(connection: C): void {
    for (const channel of this.#channels.values()) {
      this.#attach(channel, connection).then(
        () => channel.listeners.forEach((listener) => listener.onInterruption()),
        // The connection is gone again; the next one will have it.
        () => undefined,
      );
    }
  }

  /** Forgets all listeners. */
  clear(): void {
    this.#channels.clear();
  }

  async #attach(channel: Channel<C, M>, connection: C): Promise<void> {
    if (channel.attachment?.to !== connection) {
      const onMessage = (message: M): void => {
        for (const listener of channel.listeners) listener.onMessage(message);
      };
      channel.attachment = {
        to: connection,
        detach: this.#source.attach(connection, channel.name, onMessage),
      };
    }
    const { attachment } = channel;
    try {
      await attachment.detach;
    } catch (error) {
      if (channel.attachment === attachment) channel.attachment = undefined;
      throw error;
    }
  }

  #leave(channel: Channel<C, M>, listener: ChannelListener<M>): void {
    const { name, listeners, attachment } = channel;
    if (!listeners.delete(listener) || listeners.size > 0 || this.#channels.get(name) !== channel) return;
    this.#channels.delete(name);
    if (!attachment || attachment.to !== this.#link.connection) return;
    const left = attachment.detach
      .then((detach) => detach())
      .catch(() => undefined)
      .then(() => {
        if (this.#leaving.get(name) === left) this.#leaving.delete(name);
      });
    this.#leaving.set(name, left);
  }
}
