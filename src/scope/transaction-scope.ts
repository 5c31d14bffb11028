// Which database transaction the running code is in.
//
// On Node 20 an AsyncLocalStorage that has once run slows down every promise of the process, so it is in use
// only while some transaction is, and disabled after the last. A context that outlives its transaction may
// see its own old scope again once the next transaction enables the storage: `active` tells those apart.

import { AsyncLocalStorage } from "node:async_hooks";

interface Scope {
  /** The database; transactions of different ones nest freely. */
  readonly owner: object;
  readonly transaction: unknown;
  readonly outer: Scope | undefined;
  active: boolean;
}

const storage = new AsyncLocalStorage<Scope>();
let running = 0;

/** Gives what `runInTransaction` was given for this owner by the innermost scope that is still running. */
export function currentTransaction(owner: object): unknown {
  for (let scope = storage.getStore(); scope; scope = scope.outer) {
    if (scope.active && scope.owner === owner) return scope.transaction;
  }
  return undefined;
}

/** Tells whether the running code is inside a transaction, of whichever database. */
export function inTransaction(): boolean {
  for (let scope = storage.getStore(); scope; scope = scope.outer) {
    if (scope.active) return true;
  }
  return false;
}

/**
 * Runs a function and all that it awaits inside a transaction's scope. What it started and did not await is
 * outside once the promise has settled.
 */
export async function runInTransaction<T>(
  owner: object,
  transaction: unknown,
  run: () => T | PromiseLike<T>,
): Promise<T> {
  const scope: Scope = { owner, transaction, outer: storage.getStore(), active: true };
  running++;
  try {
    return await storage.run(scope, run);
  } finally {
    scope.active = false;
    if (--running === 0) storage.disable();
  }
}
