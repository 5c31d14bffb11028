// A StreamClosedError or EventValidationError thrown into a promise that nobody awaits must not take the
// process down. Node gives no way to handle one rejection only: a listener for `unhandledRejection` turns
// the default off for all. So for every other reason the listener does what Node would have done without it.

import { isPinestreamError } from "../errors/base.ts";

const HARMLESS = new Set(["PINE_STREAM_CLOSED", "PINE_EVENT_INVALID"]);

let users = 0;

/** Starts catching stray rejections of the two kinds. Gives a function that stops it again; once for each call. */
export function catchStrayRejections(): () => void {
  if (users++ === 0) process.on("unhandledRejection", onUnhandledRejection);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    if (--users === 0) process.off("unhandledRejection", onUnhandledRejection);
  };
}

function onUnhandledRejection(reason: unknown): void {
  if (isPinestreamError(reason) && HARMLESS.has(reason.code)) return;
  // Another listener, or a mode that does not crash, already decides what becomes of it.
  if (process.listenerCount("unhandledRejection") > 1 || !rejectionsThrow()) return;
  throw reason;
}

function rejectionsThrow(): boolean {
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)];
  const mode = flags.findLast((flag) => flag.startsWith("--unhandled-rejections"));
  return mode === undefined || /=(throw|strict)$/.test(mode);
}
