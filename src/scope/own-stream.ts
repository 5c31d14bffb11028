// What a handler has started and waits on, such as a subscription, has to end with its stream though nothing
// else happens. Whose it is, is told by the await chain (see await-chain.ts), once, when it is started.

import { findAwaitChain } from "./await-chain.ts";

interface Running {
  closed: boolean;
  readonly watchers: Set<() => void>;
}

/** Handlers that run, by the name of their chain. */
const handlers = new Map<string, Running>();

/** Notes that a handler begins; `closed` when its stream is over already. */
export function noteBegin(chainName: string, closed: boolean): void {
  handlers.set(chainName, { closed, watchers: new Set() });
}

/** Notes that the stream of a handler is over. */
export function noteClose(chainName: string): void {
  const handler = handlers.get(chainName);
  if (!handler) return;
  handler.closed = true;
  tellAll(handler);
}

/** Notes that a handler has ended; what it has left behind is told as well. */
export function noteEnd(chainName: string): void {
  const handler = handlers.get(chainName);
  handlers.delete(chainName);
  if (handler) tellAll(handler);
}

/**
 * Calls `onClose` once when the stream is over on whose handler's own await chain the running code is; at once
 * if it is over already. Gives a function that stops watching, or `undefined` when no handler is below. Where
 * async stack traces don't work only what a handler calls before it first waits is known as its own.
 */
export function watchOwnStream(onClose: () => void): (() => void) | undefined {
  if (handlers.size === 0) return undefined;
  const handler = handlers.get(findAwaitChain(watchOwnStream).name ?? "");
  if (!handler) return undefined;
  if (handler.closed) onClose();
  else handler.watchers.add(onClose);
  return () => void handler.watchers.delete(onClose);
}

function tellAll({ watchers }: Running): void {
  const told = [...watchers];
  watchers.clear();
  for (const onClose of told) onClose();
}
