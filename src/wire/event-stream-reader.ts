// Reads an event stream from pieces of bytes that may break anywhere: within a code point, a CRLF, a field.
//
// Each piece is decoded on its own and searched for line ends once; a line's beginning is kept as text that
// nobody searches again, so that the cost is linear however the bytes come. A CR ends its line at once, so
// that no event waits for a byte that may not follow; a LF right after it then counts for nothing. What has
// come of a block without its blank line is never dispatched, nor is its id taken over.

/** An event as it stands in the stream. @see HTML Living Standard 9.2.6 */
export interface StreamedEvent {
  /** `message` where the stream names none. */
  event: string;
  data: string;
  /** The last event ID as of this event, "" for none. */
  id: string;
}

/** What is told as it is read, in order. */
export interface EventStreamListener {
  onEvent(event: StreamedEvent): void;
  /** A comment line's text, without its colon and one space after it. */
  onComment?(text: string): void;
}

/** Parses one response's body. */
export interface EventStreamReader {
  /** Id of the last complete block that had one, also where it had no data. */
  lastEventId: string;
  /** Reconnection time in ms that the stream has asked for last. */
  retryMs: number | undefined;
  /** UTF-16 code units kept of an event that is not complete. */
  pendingLength: number;
  /** Takes the next bytes and tells the listener of all that they complete. */
  push(bytes: Uint8Array): void;
}

/**
 * Creates a reader for one response's body; `lastEventId` is the one before it, "" for none.
 *
 * @see HTML Living Standard 9.2.5, 9.2.6
 */
export function createEventStreamReader(
  listener: EventStreamListener,
  lastEventId: string,
): EventStreamReader {
  // Takes one BOM off the beginning, and carries split code points over.
  const decoder = new TextDecoder();
  let id = lastEventId;
  let line = "";
  let afterCR = false;
  let event = "";
  let data = "";

  const takeLine = (text: string): void => {
    const [, name, value = ""] = /^([^:]*)(?:: ?([^]*))?$/.exec(text) as RegExpExecArray;
    if (text === "") {
      const dispatched = { event: event || "message", data: data.slice(0, -1), id };
      const isEmpty = data === "";
      event = data = "";
      reader.lastEventId = id;
      if (!isEmpty) listener.onEvent(dispatched);
    } else if (name === "") listener.onComment?.(value);
    else if (name === "data") data += `${value}\n`;
    else if (name === "event") event = value;
    else if (name === "id" && !value.includes("\0")) id = value;
    else if (name === "retry" && /^[0-9]+$/.test(value)) reader.retryMs = Number(value);
  };

  const reader: EventStreamReader = {
    lastEventId,
    retryMs: undefined,
    pendingLength: 0,
    push(bytes) {
      const text = decoder.decode(bytes, { stream: true });
      if (text === "") return;
      // The LF of a CR LF may come by itself.
      const lines = (afterCR ? text.replace(/^\n/, "") : text).split(/\r\n?|\n/);
      const rest = lines.pop() as string;
      afterCR = text.endsWith("\r");
      for (const end of lines) {
        const whole = line + end;
        line = "";
        takeLine(whole);
      }
      line += rest;
      reader.pendingLength = data.length + line.length;
    },
  };
  return reader;
}
