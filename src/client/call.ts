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
  const read = async <Body>(body: Promise<Body>): Promise<Body> =>
    await body.catch((cause: unknown) => {
      call.signal?.throwIfAborted();
      throw new ConnectionError(`${request.name}: the answer broke off`, { cause });
    });
  const response = await sendRequest(outgoing, { signal: call.signal, accept: "application/json" });
  if (!response.ok) throw await readError(request, response);
  const type = response.headers.get("content-type") ?? "";
  if (type.includes("json")) {
    return revive(
      parseJSON(request, await read(response.text()), "the answer"),
      endpoint.revive,
      endpoint.refs,
    );
  }
  if (type.startsWith("text/")) return await read(response.text());
  return type ? await read(response.blob()) : undefined;
}
