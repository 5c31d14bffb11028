// What a connection writes to the log, where nobody is there to catch it.

import type { SinkLog } from "../delivery/pipe.ts";
import type { CloseReason } from "../errors/stream-errors.ts";
import type { ConnectionSettings } from "./settings.ts";

/** Endpoints of which an overflow was reported. */
const overflowed = new WeakSet<ConnectionSettings>();

/** Reports an overflow, once for each endpoint: a client that is cut tells nobody, and its browser comes again for ever. */
export function reportOverflow(log: SinkLog, settings: ConnectionSettings): void {
  const { endpoint, maxBufferedBytes } = settings;
  if (overflowed.has(settings)) return;
  overflowed.add(settings);
  log.warn(
    { endpoint, maxBufferedBytes },
    `${endpoint}: a client was disconnected, because more than ${maxBufferedBytes} bytes waited for it. To publish ` +
      "much at once, yield the events or await sse.flush() between them. This is said once for each endpoint.",
  );
}

/** Reports the first event that was dropped for a client. */
export function reportDrops(log: SinkLog, endpoint: string, bufferedBytes: number): void {
  log.warn(
    { endpoint, bufferedBytes },
    "a client is slower than its stream; its oldest unsent events are being dropped",
  );
}

/** Reports an event that was refused where nothing can be thrown. */
export function reportRefused(log: SinkLog, endpoint: string, event: string, error: unknown): void {
  log.error(
    { err: error, endpoint, event },
    "an event that does not fit was published outside of the handler; it was not sent",
  );
}

/** Reports a handler that is still there long after its stream. */
export function reportLinger(log: SinkLog, endpoint: string, reason: CloseReason): void {
  log.warn(
    { endpoint, reason },
    `${endpoint}: the handler is still running 30 s after its stream was over (${reason}). ` +
      "Pass ctx.signal to what it waits for, or use sse.sleep.",
  );
}
