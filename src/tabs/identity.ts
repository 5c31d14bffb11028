// Which requests are for the same stream of the same user. Whoever gets this wrong shows one user's events to
// another, so what cannot be told is not shared.

import { EVENT_STREAM_TYPE } from "../wire/event-stream.ts";
import { takeLastEventId } from "../wire/last-event-id.ts";

/** Says for whom a stream is; `undefined` for a request that must not be shared. */
export type Scope = string | ((request: Request) => string | undefined);

/** A request that may be shared, and what it has to be shared with. */
export interface StreamIdentity {
  /** The same for the same stream of the same user, and tells neither. */
  name: string;
  /** Position that the request goes on from, "" for none. */
  lastEventId: string;
}

/** Other versions of these rooms may talk differently, and must not meet ours. */
const PREFIX = "pinestream/tabs/1 ";

/** Makes a `Request` of what was given to `fetch`, if it is safe to repeat and asks for an event stream. */
export function toStreamRequest(input: string | URL | Request, init?: RequestInit): Request | undefined {
  const method = init?.method ?? (input instanceof Request ? input.method : "GET");
  // A request with a body would lose it to the copy.
  if (method.toUpperCase() !== "GET") return undefined;
  const request = new Request(input, init);
  return request.headers.get("accept")?.toLowerCase().includes(EVENT_STREAM_TYPE) ? request : undefined;
}

/** Tells a request's identity; `undefined` where nobody can say whose it is. */
export async function identify(
  request: Request,
  origin: string,
  scope?: Scope,
): Promise<StreamIdentity | undefined> {
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  const lastEventId = takeLastEventId(url, headers);
  url.hash = "";
  const owner = typeof scope === "function" ? scope(request) : scope;
  if (owner === undefined && (scope !== undefined || mayHaveCookies(request, url, origin))) return undefined;
  const identity = [url.href, request.credentials, owner ?? Array.from(headers)];
  const bytes = new TextEncoder().encode(JSON.stringify(identity));
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const name = PREFIX + Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { name, lastEventId };
}

/** Tells whether cookies may say whose request it is, which no script can see. */
function mayHaveCookies({ credentials, headers }: Request, url: URL, origin: string): boolean {
  if (headers.has("authorization") || credentials === "omit") return false;
  return credentials === "include" || url.origin === origin;
}
