import { sql } from "kysely";

import { currentTransaction, runInTransaction } from "../scope/transaction-scope.ts";
import type { AnyKysely } from "./any-kysely.ts";
import type { Database } from "./database.ts";

/** A transaction in which the running code is. */
class OpenTransaction {
  readonly kysely: AnyKysely;
  /** Settles when the last savepoint that was asked for is over; they go one by one. */
  tail: Promise<unknown> = Promise.resolve();
  savepoints = 0;

  constructor(kysely: AnyKysely) {
    this.kysely = kysely;
  }
}

/** Gives Kysely as the running code is to use it: in its transaction of this database, if it is in one. */
export function kyselyOf(database: Database): AnyKysely {
  return findOpen(database)?.kysely ?? database.kysely;
}

/** Tells whether the running code is in a transaction of this database. */
export function isInTransaction(database: Database): boolean {
  return findOpen(database) !== undefined;
}

/**
 * Runs a function in a transaction: commits when its promise resolves, rolls back and rejects when it rejects.
 * Inside another one of the same database it is a savepoint of that one.
 */
export function transact<T>(database: Database, run: () => T | PromiseLike<T>): Promise<T> {
  const outer = findOpen(database);
  if (!outer) {
    return database.kysely
      .transaction()
      .execute((kysely) => runInTransaction(database, new OpenTransaction(kysely), run));
  }
  const result = outer.tail.then(() => runInSavepoint(database, outer, run));
  outer.tail = result.catch(() => undefined);
  return result;
}

async function runInSavepoint<T>(
  database: Database,
  outer: OpenTransaction,
  run: () => T | PromiseLike<T>,
): Promise<T> {
  const { kysely } = outer;
  const name = sql.id(`pine_${++outer.savepoints}`);
  await sql`savepoint ${name}`.execute(kysely);
  let result: T;
  try {
    result = await runInTransaction(database, new OpenTransaction(kysely), run);
  } catch (error) {
    // Where even that fails the session is lost, and the outer transaction with it; the first error tells more.
    await sql`rollback to savepoint ${name}`.execute(kysely).catch(() => undefined);
    throw error;
  }
  await sql`release savepoint ${name}`.execute(kysely);
  return result;
}

function findOpen(database: Database): OpenTransaction | undefined {
  const found = currentTransaction(database);
  return found instanceof OpenTransaction ? found : undefined;
}
