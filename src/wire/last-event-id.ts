// Where a request carries the position that it goes on from.

import { LAST_EVENT_ID_HEADER, LAST_EVENT_ID_PARAMETER } from "./event-stream.ts";

/**
 * Writes a last event ID into a request: as the header to the page's own origin, and outside of a page, else as the
 * query parameter. A header that asks for leave first (CORS preflight) is refused by servers that don't expect one;
 * and what is no visible ASCII has no form in a header.
 */
export function writeLastEventId(id: string, url: URL, headers: Headers): void {
  const isSameOrigin =
    url.origin === ((globalThis as { location?: { origin: string } }).location ?? url).origin;
  if (/^[!-~]+$/.test(id) && isSameOrigin) headers.set(LAST_EVENT_ID_HEADER, id);
  else url.searchParams.set(LAST_EVENT_ID_PARAMETER, id);
}

/** Takes the last event ID out of a request, wherever it stands, and gives it; "" for none. */
export function takeLastEventId(url: URL, headers: Headers): string {
  const id = headers.get(LAST_EVENT_ID_HEADER) ?? url.searchParams.get(LAST_EVENT_ID_PARAMETER) ?? "";
  headers.delete(LAST_EVENT_ID_HEADER);
  // Deleting writes the whole query anew, also where there is nothing to delete.
  if (url.searchParams.has(LAST_EVENT_ID_PARAMETER)) url.searchParams.delete(LAST_EVENT_ID_PARAMETER);
  return id;
}
