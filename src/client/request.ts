import { ConnectionError, ResponseError, ResponseFormatError } from "../errors/client-errors.ts";
import type { Issue } from "../errors/base.ts";
import { stringifyData } from "../wire/data.ts";
import { writeLastEventId } from "../wire/last-event-id.ts";
import { formatItem, formatQuery } from "../wire/query.ts";
import { toURL } from "./globals.ts";
import type { CallEndpoint, CallOptions, ClientOptions, StreamEndpoint } from "./types.ts";

/** An endpoint's request as far as it is the same at every attempt. */
export interface PreparedRequest {
  readonly method: string;
  /** Method and path, for messages. */
  readonly name: string;
  /** Path below the prefix, with its query. */
  readonly target: string;
  readonly body: string | undefined;
}

/**
 * Writes parameters where the endpoint looks for them: those that its path names (`/berths/:id`) there, the others
 * in the query or the body. Names are sorted, so that equal ones give equal texts.
 */
export function prepareRequest(
  endpoint: StreamEndpoint | CallEndpoint,
  parameters?: object,
): PreparedRequest {
  const { method, path } = endpoint;
  const name = `${method} ${path}`;
  const sorted: { [name: string]: unknown } = Object.fromEntries(
    Object.entries(parameters ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  const filled = path.replace(/:(\w+)/g, (_match, key: string) => {
    const value = formatItem(sorted[key]);
    delete sorted[key];
    return encodeURIComponent(value);
  });
  const isQuery = method === "GET" || method === "DELETE";
  const query = isQuery ? formatQuery(sorted) : "";
  const body = isQuery ? undefined : stringifyData(sorted);
  return { method, name, target: filled + (query && `?${query}`), body };
}

/**
 * Makes a request's whole address.
 *
 * @throws ConnectionError where there is none: no `baseUrl`, and no page that a path could belong to.
 */
export function locateRequest({ name, target }: PreparedRequest, client: ClientOptions): URL {
  const { baseUrl = "", prefix = "/api" } = client;
  const base = baseUrl.replace(/\/+$/, "") + prefix;
  try {
    return toURL(base.replace(/\/+$/, "") + target);
  } catch (cause) {
    throw new ConnectionError(`${name}: no address; give the client a baseUrl`, { cause });
  }
}

/** A request, and whose options go for it. */
export interface OutgoingRequest {
  request: PreparedRequest;
  url: URL;
  client: ClientOptions;
  call: CallOptions;
}

/** What is particular about one attempt at a request. */
export interface SendOptions {
  signal: AbortSignal | undefined;
  /** Media type to ask for. */
  accept: string;
  /** Position of a stream to go on from. */
  lastEventId?: string;
  cache?: "no-store";
}

/**
 * Sends a request and resolves to its response, whatever its status.
 *
 * @throws ConnectionError where none came, what a header function throws, and the signal's reason.
 */
export async function sendRequest(outgoing: OutgoingRequest, options: SendOptions): Promise<Response> {
  const { request, url, client, call } = outgoing;
  const { accept, lastEventId, ...rest } = options;
  const { name, method, body } = request;
  const address = new URL(url);
  const headers = new Headers({ accept });
  if (body) headers.set("content-type", "application/json");
  for (const source of [client.headers, call.headers]) {
    const values = typeof source === "function" ? await source() : source;
    for (const [header, value] of Object.entries(values ?? {})) {
      if (value !== undefined) headers.set(header, value);
    }
  }
  if (lastEventId) writeLastEventId(lastEventId, address, headers);
  const { fetch = globalThis.fetch, credentials } = client;
  try {
    // Not as a method of `client`: a browser's fetch insists on its own `this`.
    return await fetch(address.href, { method, headers, body, credentials, ...rest });
  } catch (cause) {
    rest.signal?.throwIfAborted();
    throw new ConnectionError(`${name}: no answer from ${address.host}`, { cause });
  }
}

/** Reads a response that is no success as the error that it stands for. */
export async function readError(request: PreparedRequest, response: Response): Promise<ResponseError> {
  const text = await response.text().catch(() => "");
  const body = readJSON(text);
  const { message, issues } = (body ?? {}) as { message?: unknown; issues?: unknown };
  return new ResponseError(request.name, response.status, {
    message: typeof message === "string" ? message : response.statusText,
    body: body ?? text,
    issues: Array.isArray(issues) ? (issues as Issue[]) : undefined,
    retryAfter: readRetryAfter(response.headers.get("retry-after")),
  });
}

/** Parses JSON that came from the server. @throws ResponseFormatError */
export function parseJSON(request: PreparedRequest, text: string, what: string): unknown {
  const value = readJSON(text);
  if (value !== undefined) return value;
  throw new ResponseFormatError(`${request.name}: ${what} is no JSON: ${JSON.stringify(text.slice(0, 100))}`);
}

function readJSON(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Seconds, or a date. @see RFC 9110 10.2.3 */
function readRetryAfter(value: string | null): number | undefined {
  const seconds = /^\d/.test(value ?? "") ? Number(value) : (Date.parse(value ?? "") - Date.now()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
