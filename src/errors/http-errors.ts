import { formatIssues, PinestreamError, type Issue, type PinestreamErrorOptions } from "./base.ts";

/** An error whose message was written for the HTTP client; `statusCode` is always set. */
export abstract class HTTPError extends PinestreamError {
  abstract override readonly statusCode: number;
}

/** 400: the request's arguments do not fit the method's parameters; `issues` names each one. */
export class InvalidParametersError extends HTTPError {
  readonly code = "PINE_PARAMS_INVALID";
  override readonly statusCode = 400;
  declare readonly issues: readonly Issue[];

  constructor(issues: readonly Issue[], options: PinestreamErrorOptions = {}) {
    super(`Invalid parameters: ${formatIssues(issues)}`, { ...options, issues });
  }
}

/** 401: nobody is signed in, or the sign-in has expired. */
export class UnauthorizedError extends HTTPError {
  readonly code = "PINE_UNAUTHORIZED";
  override readonly statusCode = 401;

  constructor(message = "Sign in to use this endpoint.", options: PinestreamErrorOptions = {}) {
    super(message, options);
  }
}

/** 403: somebody is signed in, but a guard refuses them. */
export class ForbiddenError extends HTTPError {
  readonly code = "PINE_FORBIDDEN";
  override readonly statusCode = 403;

  constructor(message = "You may not use this endpoint.", options: PinestreamErrorOptions = {}) {
    super(message, options);
  }
}

/** 410: the run of a durable endpoint has failed, was cancelled, or is no longer kept; or it is somebody else's. */
export class RunGoneError extends HTTPError {
  readonly code = "PINE_RUN_GONE";
  override readonly statusCode = 410;

  constructor(endpoint: string) {
    super("This run is over and can't be resumed. Ask for a new one without a last event ID.", { endpoint });
  }
}

/** 429: this client already has `maxConnectionsPerClient` streams open. */
export class TooManyConnectionsError extends HTTPError {
  readonly code = "PINE_TOO_MANY_CONNECTIONS";
  override readonly statusCode = 429;
  /** Seconds until a new attempt makes sense; sent as `retry-after`. */
  readonly retryAfter: number;

  constructor(limit: number, retryAfter: number) {
    super(`This client already has ${limit} streams open; close one or try again later.`);
    this.retryAfter = retryAfter;
  }
}

/** 503: the server has `maxConnections` streams open, or is shutting down. */
export class ServerBusyError extends HTTPError {
  readonly code = "PINE_SERVER_BUSY";
  override readonly statusCode = 503;
  /** Seconds until a new attempt makes sense; sent as `retry-after`. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter: number) {
    super(message);
    this.retryAfter = retryAfter;
  }
}
