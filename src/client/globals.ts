/** Something that announces events. */
interface Announcer {
  addEventListener(event: string, listener: () => void, options: { signal: AbortSignal }): void;
}

/** What only some platforms have: browsers, workers, Deno. */
const platform = globalThis as Partial<Announcer> & {
  location?: { href: string };
  document?: Announcer & { visibilityState: string };
  reportError?: (error: unknown) => void;
};

/** Makes a whole address of one that may be relative to the page. @throws TypeError where there is no page. */
export function toURL(address: string): URL {
  return new URL(address, platform.location?.href);
}

/** Makes an error known as one that nobody caught, without stopping who calls. */
export function reportUncaught(error: unknown): void {
  if (platform.reportError) platform.reportError(error);
  else {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/**
 * Calls `onWake` whenever the network, the page or its visibility has come back, where the platform knows of
 * such things, until the signal aborts.
 */
export function watchWaking(onWake: () => void, signal: AbortSignal): void {
  const { document } = platform;
  for (const event of ["online", "pageshow"]) platform.addEventListener?.(event, onWake, { signal });
  document?.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "visible") onWake();
    },
    { signal },
  );
}
