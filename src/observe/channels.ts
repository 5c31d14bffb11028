// What metrics and tools may listen to. Publishing to a channel without subscribers costs one comparison.

import { channel } from "node:diagnostics_channel";

/** A stream has been opened: `{ endpoint, id, user }`. */
export const streamOpened = channel("pinestream:stream.opened");
/** A stream is over: `{ endpoint, id, user, reason, events, bytes }`. */
export const streamClosed = channel("pinestream:stream.closed");
