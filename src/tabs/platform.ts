/** Web Locks, as far as they are needed here. */
interface Locks {
  request(
    name: string,
    options: { signal?: AbortSignal; steal?: boolean },
    hold: () => Promise<void>,
  ): Promise<void>;
  query(): Promise<{ pending?: { name?: string }[] }>;
}

/** A BroadcastChannel, as far as it is needed here. */
export interface Channel {
  addEventListener(event: "message", listener: (message: { data: unknown }) => void): void;
  postMessage(data: unknown): void;
  close(): void;
}

interface Announcer {
  addEventListener(event: string, listener: () => void, options: { signal: AbortSignal }): void;
}

const platform = globalThis as unknown as Partial<Announcer> & {
  location?: { origin: string };
  document?: Announcer;
  navigator?: { locks?: Locks };
  crypto?: { subtle?: unknown };
  BroadcastChannel?: new (name: string) => Channel;
};

/** What sharing is built on. */
export interface Sharing {
  /** Origin of the page or the worker's script. */
  readonly origin: string;
  readonly locks: Locks;
  openChannel(name: string): Channel;
}

/**
 * Finds what sharing is built on; `undefined` where a part is missing: outside of browsers, in old ones, and in
 * pages that came neither by HTTPS nor from the machine itself.
 */
export function findSharing(): Sharing | undefined {
  const { location, navigator, crypto, BroadcastChannel } = platform;
  // Node.js has locks and channels too, but there many users may share one process. It has no location.
  if (!location || !navigator?.locks || !crypto?.subtle || !BroadcastChannel) return undefined;
  return {
    origin: location.origin,
    locks: navigator.locks,
    openChannel: (name) => new BroadcastChannel(name),
  };
}

/** Calls `onHide` when the page is put away and its code stands still from now on, until the signal aborts. */
export function watchHiding(onHide: () => void, signal: AbortSignal): void {
  platform.addEventListener?.("pagehide", onHide, { signal });
  platform.document?.addEventListener("freeze", onHide, { signal });
}
