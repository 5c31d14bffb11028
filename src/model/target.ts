import type { AbortableQueryOptions } from "kysely";

import { QueryError } from "../errors/model-errors.ts";
import type { AnyKysely } from "../database/any-kysely.ts";
import type { Columns } from "../database/catalog.ts";
import type { Subject } from "./conditions.ts";
import type { Database } from "../database/database.ts";
import { kyselyOf, transact } from "../database/transaction.ts";

/** A table, as one call of a model's method sees it. */
export interface Target {
  model: string;
  table: string;
  /** In the transaction that the call was made in. */
  kysely: AnyKysely;
  /** How queries of the call are aborted, where they can be. */
  abort: AbortableQueryOptions | undefined;
  /** Gives the table's columns as known, or as they are now. */
  columns(anew: boolean): Promise<Columns>;
  /** Runs several statements as one. */
  transact<T>(run: (kysely: AnyKysely) => Promise<T>): Promise<T>;
}

/** Takes hold of a table for one call; the transaction is that of the caller. */
export function openTarget(
  database: Database,
  { model, table, signal }: { model: string; table: string; signal?: AbortSignal | undefined },
): Target {
  const kysely = kyselyOf(database);
  return {
    model,
    table,
    kysely,
    // The embedded database runs one query after another and can cancel none.
    abort: signal && {
      signal,
      inflightQueryAbortStrategy: database.embedded ? "ignore query" : "cancel query",
    },
    columns: (anew) =>
      anew ? database.catalog.reread(kysely, table) : database.catalog.columns(kysely, table),
    transact: (run) => transact(database, () => run(kyselyOf(database))),
  };
}

/**
 * Builds a query with the table's columns. When one that it names is unknown they are read once more, since
 * a migration may have added it meanwhile.
 *
 * @throws QueryError when there is no such table, or what `build` throws.
 */
export async function prepare<T>(target: Target, build: (subject: Subject) => T): Promise<T> {
  const { model, table } = target;
  const known = await target.columns(false);
  if (known.size === 0) {
    throw new QueryError(
      model,
      `there is no table "${table}" in the database. Run the migration that makes it, or name another: static table = "…".`,
    );
  }
  try {
    return build({ model, table, columns: known });
  } catch (error) {
    if (!(error instanceof QueryError) || error.unknownColumn === undefined) throw error;
    const now = await target.columns(true);
    if (sameNames(known, now)) throw error;
    return build({ model, table, columns: now });
  }
}

function sameNames(known: Columns, now: Columns): boolean {
  return known.size === now.size && [...known.keys()].every((name) => now.has(name));
}
