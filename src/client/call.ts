import { ConnectionError } from "../errors/client-errors.ts";
import { revive } from "../wire/revive.ts";
import { parseJSON, readError, sendRequest, type OutgoingRequest } from "./request.ts";
import type { CallEndpoint } from "./types.ts";

/**
 * Calls a JSON endpoint once: JSON is parsed and revived, other text a string, anything else a Blob; an answer
 * without a media type, such as 204, is `undefined`.
 *
 * @throws ResponseError, ResponseFormatError, ConnectionError, what a header function throws, and the
 *   signal's reason.
 */
export async function callEndpoint(endpoint: CallEndpoint, outgoing: OutgoingRequest): Promise<unknown> {
  const { request, call } = outgoing;
  const { signal } = call;
  const response = await sendRequest(outgoing, { signal, accept: "application/json" });
  if (!response.ok) throw await readError(request, response);
  const type = response.headers.get("content-type") ?? "";
  const isJSON = type.includes("json");
  let body: unknown;
  try {
    if (isJSON || type.startsWith("text/")) body = await response.text();
    else if (type) body = await response.blob();
  } catch (cause) {
    signal?.throwIfAborted();
    throw new ConnectionError(`${request.name}: the answer broke off`, { cause });
  }
  return isJSON
    ? revive(parseJSON(request, body as string, "the answer"), endpoint.revive, endpoint.refs)
    : body;
}
