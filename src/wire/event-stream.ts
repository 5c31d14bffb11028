/** Media type of an event stream. @see HTML Living Standard 9.2.5 */
export const EVENT_STREAM_TYPE = "text/event-stream";

/** Request header, and the query parameter for clients that cannot set one, that carry the last event ID. */
export const LAST_EVENT_ID_HEADER = "last-event-id";
export const LAST_EVENT_ID_PARAMETER = "lastEventId";

/** Event name and data of the frame that finishes a stream on purpose. */
export const END_EVENT = "end";
export const END_DATA = "END";

/** Event name that tells a client that history no longer reaches back to its last event ID. */
export const GAP_EVENT = "gap";

/** Names that an endpoint may not declare for its own events. */
export const RESERVED_EVENTS: readonly string[] = [END_EVENT, GAP_EVENT];

/** Keeps intermediaries and idle timers awake; clients ignore it. */
export const KEEP_ALIVE_FRAME = ":\n\n";

const KEEP_ALIVE_COMMENT = /^ ?keep-alive (\d+|off)$/;

/** Formats the comment that opens every stream: the longest silence in ms, or `false` for no keep-alive. */
export function formatKeepAliveComment(periodMs: number | false): string {
  return formatComment(`keep-alive ${periodMs === false ? "off" : periodMs}`);
}

/** Reads the text of a comment as the keep-alive period in ms; `undefined` when it is another comment. */
export function parseKeepAliveComment(text: string): number | false | undefined {
  const period = KEEP_ALIVE_COMMENT.exec(text)?.[1];
  if (period === undefined) return undefined;
  return period === "off" ? false : Number(period);
}

/**
 * Says what keeps a text from standing in one field of an event stream, or `undefined` when it may.
 * CR and LF would end the line, a NUL makes a client ignore an id, and a lone surrogate has no UTF-8 form.
 *
 * @see HTML Living Standard 9.2.6
 */
export function findFieldProblem(text: string): string | undefined {
  // oxlint-disable-next-line no-control-regex -- the control characters are what is looked for
  const control = /[\0\r\n]/.exec(text)?.[0];
  if (control !== undefined) {
    return `contains ${control === "\0" ? "NUL" : control === "\r" ? "a carriage return" : "a line feed"}`;
  }
  return text.isWellFormed() ? undefined : "contains a lone surrogate";
}

/** Formats an `id` line. The text must have passed `findFieldProblem`. */
export function formatId(id: string): string {
  return `id: ${id}\n`;
}

/** Formats a frame of its own that sets the reconnection time, in ms. */
export function formatRetry(retryMs: number): string {
  return `retry: ${retryMs}\n\n`;
}

/** Formats a comment, one line for each line of the text, whichever way those end. */
export function formatComment(text: string): string {
  const lines = text.toWellFormed().split(/\r\n|\r|\n/);
  return `${lines.map((line) => `: ${line}\n`).join("")}\n`;
}

/** Formats the part of a frame that is the same for all events of a name; JSON on one line follows it. */
export function formatEventStart(event: string): string {
  return `event: ${event}\ndata: `;
}

/** Formats the frame that finishes a stream on purpose. */
export function formatEnd(id: string): string {
  return `${formatId(id)}event: ${END_EVENT}\ndata: ${END_DATA}\n\n`;
}
