// A StreamClosedError or EventValidationError thrown into a promise that nobody awaits must not take the
// process down. Node gives no way to handle one rejection only: a listener for `unhandledRejection` turns
// the default off for all. So for every other reason the listener does what Node would have done without it.

import { isPinestreamError } from "../errors/base.ts";

const HARMLESS = new Set(["PINE_STREAM_CLOSED", "PINE_EVENT_INVALID"]);

/** Two copies of the package share one listener: each would take the other's for the application's own. */
const STATE: unique symbol = Symbol.for("pinestream.strayRejections") as never;
const shared = globalThis as { [STATE]?: { users: number; listener: (reason: unknown) => void } };

/** Starts catching stray rejections of the two kinds. Gives a function that stops it again; once for each call. */
export function catchStrayRejections(): () => void {
  const state = (shared[STATE] ??= { users: 0, listener: onUnhandledRejection });
  if (state.users++ === 0) process.on("unhandledRejection", state.listener);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    if (--state.users === 0) process.off("unhandledRejection", state.listener);
  };
}

function onUnhandledRejection(reason: unknown): void {
  if (isPinestreamError(reason) && HARMLESS.has(reason.code)) return;
  // Another listener, or a mode that does not crash, already decides what becomes of it.
  if (process.listenerCount("unhandledRejection") > 1 || !rejectionsThrow()) return;
  throw reason;
}

function rejectionsThrow(): boolean {
  const flags = [...process.execArgv, ...(process.env["NODE_OPTIONS"] ?? "").split(/\s+/)].join(" ");
  const mode = [...flags.matchAll(/--unhandled-rejections[= ](\S+)/g)].at(-1)?.[1];
  return mode === undefined || mode === "throw" || mode === "strict";
}
