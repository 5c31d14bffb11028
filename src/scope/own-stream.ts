// What a handler has started and waits on, such as a subscription, has to end with its stream though nothing
// else happens. Whose it is, is told by the await chain (see await-chain.ts), once, when it is started.

import { findAwaitChain } from "./await-chain.ts";

/** A handler that runs. */
export interface RunningHandler {
  /** The name of its runner, which it gets when it is first asked for. */
  readonly chainName: string;
  /** Whether its stream is over. */
  readonly isOver: boolean;
}

/** Those that run: by name once somebody had to be looked for, until then without one. */
const named = new Map<string, RunningHandler>();
const unnamed = new Set<RunningHandler>();

/** Who is told; only of handlers with something to tell. */
const watchers = new Map<RunningHandler, Set<() => void>>();

/** Notes that a handler begins. */
export function noteBegin(handler: RunningHandler): void {
  unnamed.add(handler);
}

/** Notes that the stream of a handler is over. */
export function noteClose(handler: RunningHandler): void {
  tellAll(handler);
}

/** Notes that a handler has ended; what it has left behind is told as well. */
export function noteEnd(handler: RunningHandler): void {
  if (!unnamed.delete(handler)) named.delete(handler.chainName);
  tellAll(handler);
}

/** Whether any handler runs. */
export function isAnyRunning(): boolean {
  return unnamed.size > 0 || named.size > 0;
}

/** Gives all handlers their names, so that whichever is below can be told. */
export function nameHandlers(): void {
  for (const handler of unnamed) named.set(handler.chainName, handler);
  unnamed.clear();
}

/**
 * Calls `onClose` once when the stream is over on whose handler's own await chain the running code is; at once
 * if it is over already. Gives a function that stops watching, or `undefined` when no handler is below. Where
 * async stack traces don't work only what a handler calls before it first waits is known as its own.
 */
export function watchOwnStream(onClose: () => void): (() => void) | undefined {
  if (!isAnyRunning()) return undefined;
  nameHandlers();
  const { name = "" } = findAwaitChain(watchOwnStream);
  const handler = named.get(name);
  if (!handler) return undefined;
  if (handler.isOver) {
    onClose();
    return () => {};
  }
  const ofHandler = watchers.get(handler) ?? new Set();
  watchers.set(handler, ofHandler.add(onClose));
  return () => void ofHandler.delete(onClose);
}

function tellAll(handler: RunningHandler): void {
  const told = watchers.get(handler);
  watchers.delete(handler);
  for (const onClose of Array.from(told ?? [])) onClose();
}
