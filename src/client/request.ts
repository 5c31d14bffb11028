import { ConnectionError, ResponseError, ResponseFormatError } from "../errors/client-errors.ts";
import type { Issue } from "../errors/base.ts";
import { stringifyData } from "../wire/data.ts";
import { LAST_EVENT_ID_HEADER, LAST_EVENT_ID_PARAMETER } from "../wire/event-stream.ts";
import { formatQuery } from "../wire/query.ts";
import { isBaseMissing, isSameOrigin } from "./globals.ts";
import type { CallEndpoint, CallOptions, ClientOptions, HeaderSource, StreamEndpoint } from "./types.ts";

/** An endpoint's request as far as it is the same at every attempt. */
export interface PreparedRequest {
  readonly method: string;
  /** Method and path, for messages. */
  readonly name: string;
  /** Path below the prefix, with its query. */
  readonly target: string;
  readonly body: string | undefined;
}

/** Writes parameters where the endpoint looks for them. Names are sorted, so that equal ones give equal texts. */
export function prepareRequest(
  endpoint: StreamEndpoint | CallEndpoint,
  parameters?: object,
): PreparedRequest {
  const { method, path } = endpoint;
  const name = `${method} ${path}`;
  if (method === "GET" || method === "DELETE") {
    const query = formatQuery(parameters ?? {});
    return { method, name, target: query ? `${path}?${query}` : path, body: undefined };
  }
  const sorted = Object.entries(parameters ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return { method, name, target: path, body: stringifyData(Object.fromEntries(sorted)) };
}

/**
 * Gives the whole address of a request.
 *
 * @throws ConnectionError where there can be none: no `baseUrl`, and no page that a path could belong to.
 */
export function locateRequest({ name, target }: PreparedRequest, client: ClientOptions): string {
  const { baseUrl = "", prefix = "/api" } = client;
  const root = prefix.replace(/^\/+|\/+$/g, "");
  const url = `${baseUrl.replace(/\/+$/, "")}${root && `/${root}`}${target}`;
  if (client.fetch || !isBaseMissing(url)) return url;
  throw new ConnectionError(
    `${name}: ${JSON.stringify(url)} is no whole address, and there is no page that it could belong to. ` +
      'Give the client a baseUrl, such as "http://localhost:3000".',
  );
}

/** Who sends a request, and what is particular about this one. */
export interface SendOptions {
  /** As `locateRequest` gave it. */
  url: string;
  client: ClientOptions;
  call: CallOptions;
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
export async function sendRequest(request: PreparedRequest, options: SendOptions): Promise<Response> {
  const { client, call, signal, accept, lastEventId, cache } = options;
  let { url } = options;
  const headers = new Headers({ accept });
  if (request.body !== undefined) headers.set("content-type", "application/json");
  await addHeaders(headers, client.headers);
  await addHeaders(headers, call.headers);
  if (lastEventId) {
    // A header that asks for leave first (CORS preflight) is refused by servers that don't expect one; and
    // what is no visible ASCII has no form in a header.
    if (/^[!-~]+$/.test(lastEventId) && isSameOrigin(url)) headers.set(LAST_EVENT_ID_HEADER, lastEventId);
    else
      url += `${url.includes("?") ? "&" : "?"}${LAST_EVENT_ID_PARAMETER}=${encodeURIComponent(lastEventId)}`;
  }
  signal?.throwIfAborted();
  const { fetch = globalThis.fetch, credentials } = client;
  const init = { method: request.method, body: request.body, headers, signal, cache, credentials };
  try {
    // Not as a method of `client`: a browser's fetch insists on its own `this`.
    return await fetch(url, init);
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ConnectionError(`${request.name}: no answer from ${url}`, { cause });
  }
}

async function addHeaders(headers: Headers, source: HeaderSource | undefined): Promise<void> {
  const values = typeof source === "function" ? await source() : source;
  for (const [name, value] of Object.entries(values ?? {})) if (value !== undefined) headers.set(name, value);
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
  if (!value) return undefined;
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}
