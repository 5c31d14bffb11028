// The names are written out, since a bundler gives a class a shorter one.

import { PinestreamError, type Issue } from "./base.ts";

/** The server has answered with a status that the client cannot take for success. */
export class ResponseError extends PinestreamError {
  override readonly name = "ResponseError";
  readonly code = "PINE_CLIENT_RESPONSE";
  /** Status of the answer. It is no `statusCode`: a server that calls another one does not answer with it. */
  readonly status: number;
  /** The body: parsed where it was JSON, else its text. */
  readonly body: unknown;
  /** Seconds until a new attempt makes sense, where the answer says so in `Retry-After`. */
  readonly retryAfter: number | undefined;

  /** @param request method and path, for the message. */
  constructor(
    request: string,
    status: number,
    details: { message: string; body?: unknown; issues?: readonly Issue[]; retryAfter?: number },
  ) {
    super(`${request}: ${status} ${details.message}`, details);
    this.status = status;
    this.body = details.body;
    this.retryAfter = details.retryAfter;
  }
}

/** An answer came that is not what the endpoint sends: another media type, or text that is no JSON. */
export class ResponseFormatError extends PinestreamError {
  override readonly name = "ResponseFormatError";
  readonly code = "PINE_CLIENT_FORMAT";
}

/** No answer came, or it broke off; `cause` has what the platform said about it. */
export class ConnectionError extends PinestreamError {
  override readonly name = "ConnectionError";
  readonly code = "PINE_CLIENT_CONNECTION";
}

/** `once` waited for an event of a stream that is over without it. */
export class SubscriptionClosedError extends PinestreamError {
  override readonly name = "SubscriptionClosedError";
  readonly code = "PINE_CLIENT_CLOSED";
}
