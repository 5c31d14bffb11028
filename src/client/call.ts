import { revive } from "../wire/revive.ts";
import { locateRequest, parseJSON, prepareRequest, readError, sendRequest } from "./request.ts";
import type { CallEndpoint, CallOptions, ClientOptions } from "./types.ts";

/**
 * Calls a JSON endpoint once: 204 is `undefined`, JSON is parsed and revived, other text a string, anything
 * else a Blob.
 *
 * @throws ResponseError, ResponseFormatError, ConnectionError, what a header function throws, and the
 *   signal's reason.
 */
export async function callEndpoint(
  endpoint: CallEndpoint,
  client: ClientOptions,
  parameters: object | undefined,
  call: CallOptions,
): Promise<unknown> {
  const request = prepareRequest(endpoint, parameters);
  const url = locateRequest(request, client);
  const { signal } = call;
  const response = await sendRequest(request, { url, client, call, signal, accept: "application/json, */*" });
  if (!response.ok) throw await readError(request, response);
  const type = response.headers.get("content-type") ?? "";
  const isJSON = /^application\/([\w.+-]+\+)?json\b/i.test(type);
  if (type !== "" && !isJSON && !/^text\//i.test(type)) return await response.blob();
  const text = await response.text();
  if (text === "" && !isJSON) return type === "" ? undefined : text;
  if (!isJSON) return text;
  return revive(parseJSON(request, text, "the answer"), endpoint.revive, endpoint.refs);
}
