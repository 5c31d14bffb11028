import { formatIssues, PinestreamError, type Issue, type PinestreamErrorOptions } from "./base.ts";

/** Why a stream is over; the value of `signal.reason`. */
export type CloseReason =
  | "client"
  | "ended"
  | "error"
  | "overflow"
  | "stalled"
  | "expired"
  | "lifetime"
  | "closed"
  | "shutdown";

/**
 * Unwinds a handler whose stream is over and whose loop has come round once more. The framework swallows
 * it; a handler need not catch it.
 */
export class StreamClosedError extends PinestreamError {
  readonly code = "PINE_STREAM_CLOSED";
  readonly reason: CloseReason;

  constructor(endpoint: string, reason: CloseReason) {
    super(`${endpoint}: the stream is over (${reason}), and the handler has come round to this call again.`, {
      endpoint,
    });
    this.reason = reason;
  }
}

/**
 * An event that the endpoint's `events` do not allow: unknown name, data that its schema refuses, or an id,
 * a reconnection time or a name that cannot stand in an event stream. Nothing of it was sent.
 */
export class EventValidationError extends PinestreamError {
  readonly code = "PINE_EVENT_INVALID";
  readonly event: string;
  declare readonly issues: readonly Issue[];

  constructor(event: string, issues: readonly Issue[], options: PinestreamErrorOptions & { hint?: string }) {
    super(
      `${options.endpoint ?? "stream"}: event ${JSON.stringify(event)} was not sent: ${formatIssues(issues)}.` +
        (options.hint ? ` ${options.hint}` : ""),
      { ...options, issues },
    );
    this.event = event;
  }
}
