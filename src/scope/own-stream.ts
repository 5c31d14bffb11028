// What a handler has started and waits on, such as a subscription, has to end with its stream though nothing
// else happens. Whose it is, is told by the await chain (see await-chain.ts), once, when it is started.

import { findAwaitChain } from "./await-chain.ts";

/** Handlers that run, by the name of their chain, and whether their stream is over. */
const handlers = new Map<string, boolean>();

/** Who is told, by the same names; only of those with something to tell. */
const watchers = new Map<string, Set<() => void>>();

/** Notes that a handler begins; `closed` when its stream is over already. */
export function noteBegin(chainName: string, closed: boolean): void {
  handlers.set(chainName, closed);
}

/** Notes that the stream of a handler is over. */
export function noteClose(chainName: string): void {
  if (!handlers.has(chainName)) return;
  handlers.set(chainName, true);
  tellAll(chainName);
}

/** Notes that a handler has ended; what it has left behind is told as well. */
export function noteEnd(chainName: string): void {
  handlers.delete(chainName);
  tellAll(chainName);
}

/**
 * Calls `onClose` once when the stream is over on whose handler's own await chain the running code is; at once
 * if it is over already. Gives a function that stops watching, or `undefined` when no handler is below. Where
 * async stack traces don't work only what a handler calls before it first waits is known as its own.
 */
export function watchOwnStream(onClose: () => void): (() => void) | undefined {
  if (handlers.size === 0) return undefined;
  const { name = "" } = findAwaitChain(watchOwnStream);
  const closed = handlers.get(name);
  if (closed === undefined) return undefined;
  if (closed) {
    onClose();
    return () => {};
  }
  const ofHandler = watchers.get(name) ?? new Set();
  watchers.set(name, ofHandler.add(onClose));
  return () => void ofHandler.delete(onClose);
}

function tellAll(chainName: string): void {
  const told = watchers.get(chainName);
  watchers.delete(chainName);
  for (const onClose of Array.from(told ?? [])) onClose();
}
