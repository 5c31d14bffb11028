/** Something that announces events. */
interface Announcer {
  addEventListener(event: string, listener: () => void): void;
  removeEventListener(event: string, listener: () => void): void;
}

/** What only some platforms have: browsers, workers, Deno. */
const platform = globalThis as Partial<Announcer> & {
  location?: { href: string; origin: string };
  document?: Announcer & { visibilityState: string };
  reportError?: (error: unknown) => void;
};

/** Tells whether a request to that address needs no leave of another origin. Outside of a page none does. */
export function isSameOrigin(url: string): boolean {
  const { location } = platform;
  return !location || new URL(url, location.href).origin === location.origin;
}

/** Tells whether `fetch` could not make anything of an address, since there is no page for it to be relative to. */
export function isBaseMissing(url: string): boolean {
  return !platform.location && !URL.canParse(url);
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
 * such things. Returns what stops that.
 */
export function watchWaking(onWake: () => void): () => void {
  const { document } = platform;
  const onVisible = (): void => {
    if (document?.visibilityState === "visible") onWake();
  };
  const page = platform.addEventListener ? (platform as Announcer) : undefined;
  page?.addEventListener("online", onWake);
  page?.addEventListener("pageshow", onWake);
  document?.addEventListener("visibilitychange", onVisible);
  return () => {
    page?.removeEventListener("online", onWake);
    page?.removeEventListener("pageshow", onWake);
    document?.removeEventListener("visibilitychange", onVisible);
  };
}
