// Takes a response apart into whole events, which can be passed on, kept, and put in front of a reader that
// begins in their midst. They are written anew from what the reader has understood, so that nothing depends on
// where their bytes broke.

import { ResponseFormatError } from "../errors/client-errors.ts";
import { createEventStreamReader, type StreamedEvent } from "../wire/event-stream-reader.ts";
import {
  EVENT_STREAM_TYPE,
  formatEventStart,
  formatId,
  formatKeepAliveComment,
  formatRetry,
  parseKeepAliveComment,
} from "../wire/event-stream.ts";
import type { Answer } from "./messages.ts";
import type { Item } from "./recent.ts";
import { toHead } from "./seat.ts";

/** What a response has brought at once. */
export interface Piece {
  events: Omit<Item, "position">[];
  /** Comments, which nobody has to be given later. */
  comments: string;
  /** What every reader has to be told first: keep-alive and reconnection time, as they are now. */
  preamble: string;
  /** The server's keep-alive in ms; `false` for none or none known. */
  keepAliveMs: number | false;
}

/** Longest event that is waited for, in UTF-16 code units. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

const TOO_LONG = "an event is too long to be shared";

/** What is passed on of an answer that is no stream, in UTF-16 code units. */
const MAX_BODY_LENGTH = 65_536;

/** Tells whether a response is a stream that the client will read. */
export function isEventStream({ status, headers }: Response): boolean {
  const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  return status === 200 && type === EVENT_STREAM_TYPE;
}

/** Reads an answer that is no stream, for those who will ask what it says; no more than 64 Ki code units. */
export async function readAnswer(response: Response): Promise<Answer> {
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let body = "";
  // A success has the wrong type; it may be endless, and nobody reads it.
  while (!response.ok && body.length < MAX_BODY_LENGTH) {
    const { value } = (await reader?.read()) ?? {};
    if (!value) break;
    body += decoder.decode(value, { stream: true });
  }
  void reader?.cancel().catch(() => {});
  return { head: toHead(response), body: body.slice(0, MAX_BODY_LENGTH) };
}

/**
 * Reads a response to its end, piece by piece; the next is read when `onPiece` has resolved. `lastEventId` is the one
 * before it. Rejects with what broke it, or when an event is longer than 16 Mi code units.
 */
export async function readPieces(
  { body }: Response,
  lastEventId: string,
  onPiece: (piece: Piece) => void | Promise<void>,
): Promise<void> {
  let events: Piece["events"] = [];
  let comments = "";
  let keepAlive: number | false | undefined;
  let last = lastEventId;
  const add = (id: string, text: string): void => {
    // An id is written at each event, for whoever begins there; none at all where there never was one.
    const line = id || last ? formatId(id) : "";
    events.push({ ...(id !== last && { id }), text: line + text });
    last = id;
  };
  const parser = createEventStreamReader(
    {
      onEvent: (event) => add(event.id, formatEvent(event)),
      onComment(text) {
        comments += `: ${text}\n\n`;
        keepAlive = parseKeepAliveComment(text) ?? keepAlive;
      },
    },
    lastEventId,
  );
  const reader = body?.getReader();
  try {
    for (;;) {
      const { value } = (await reader?.read()) ?? {};
      if (!value) return;
      parser.push(value);
      if (parser.pendingLength > MAX_EVENT_LENGTH) throw new ResponseFormatError(TOO_LONG);
      // An id may come without an event.
      if (parser.lastEventId !== last) add(parser.lastEventId, "\n");
      const { retryMs } = parser;
      const preamble =
        (keepAlive === undefined ? "" : formatKeepAliveComment(keepAlive)) +
        (retryMs === undefined ? "" : formatRetry(retryMs));
      const piece = { events, comments, preamble, keepAliveMs: keepAlive ?? (false as const) };
      events = [];
      comments = "";
      await onPiece(piece);
    }
  } finally {
    void reader?.cancel().catch(() => {});
  }
}

function formatEvent({ event, data }: StreamedEvent): string {
  return `${formatEventStart(event)}${data.replaceAll("\n", "\ndata: ")}\n\n`;
}
