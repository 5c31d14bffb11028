import { sql, type Kysely } from "kysely";

import type { AnyKysely } from "../database/any-kysely.ts";
import { quoteTable } from "../database/catalog.ts";
import type { Database } from "../database/database.ts";
import { ChangesError, DatabaseError, QueryError } from "../errors/model-errors.ts";
import { createTrigger, dropTrigger, findTable, takeTurn, type TrackedTable } from "./trigger.ts";

/** How long making the trigger waits for those who write to the table, and so makes others wait, in ms. */
const LOCK_TIMEOUT_MS = 2_000;
/** How long it waits, keeping nobody, until other processes have made theirs, in ms. */
const TURN_TIMEOUT_MS = 30_000;

/** A table that somebody asks for. */
export interface TableRequest {
  /** Class name of the model, for messages. */
  model: string;
  /** Name, with its schema before a dot if need be. */
  table: string;
}

/**
 * Makes a table tell of its changes, as `changes` asks for: a trigger, and its function in the table's schema.
 * For migrations that run as the table's owner. May be called repeatedly. While it is being made, writers of the
 * table wait.
 *
 * @param table name, with its schema before a dot if need be.
 * @throws DatabaseError when there is no such table or it can have no trigger; the driver's error.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- takes the Kysely of any schema
export async function trackChanges(db: Kysely<any>, table: string): Promise<void> {
  await inOneTransaction(db, async (kysely) => {
    assertTrackable(await findTable(kysely, table), table, "trackChanges");
    await createTrigger(kysely, table);
  });
}

/**
 * Undoes `trackChanges`; nothing happens when there is nothing to undo. For tables that nobody listens to any more:
 * a process that does makes the trigger again within 30 s, and tells of a gap; where its role may not, the loop ends
 * with a ChangesError.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- takes the Kysely of any schema
export async function untrackChanges(db: Kysely<any>, table: string): Promise<void> {
  await inOneTransaction(db, (kysely) => dropTrigger(kysely, table));
}

/**
 * Finds a model's table and makes its trigger if it is missing; whether it was there is `tracked` of the result.
 *
 * @throws QueryError when there is no such table, ChangesError when the trigger can't be made.
 */
export async function ensureTracked(
  database: Database,
  { model, table }: TableRequest,
): Promise<TrackedTable> {
  const found = await findTable(database.kysely, table);
  if (!found) throw missing(model, table);
  if (found.obstacle !== undefined) throw new ChangesError(model, table, `${found.obstacle}.`);
  if (found.tracked) return found;
  let made: TrackedTable | undefined;
  try {
    made = await database.kysely.transaction().execute(async (kysely) => {
      await sql.raw(`set local lock_timeout = ${TURN_TIMEOUT_MS}`).execute(kysely);
      await takeTurn(kysely);
      await sql.raw(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`).execute(kysely);
      return await createTrigger(kysely, table);
    });
  } catch (cause) {
    const { code, message } = cause as { code?: unknown; message: string };
    // Classes 08 and 57: the connection is gone, or the server is going.
    if (typeof code !== "string" || !/^[0-9A-Z]{5}$/.test(code) || /^(?:08|57)/.test(code)) throw cause;
    const problem =
      code === "55P03"
        ? `has no trigger that tells of changes, and it could not be made within ${LOCK_TIMEOUT_MS} ms because the table is in use`
        : `has no trigger that tells of changes, and this role could not make it (${message})`;
    throw new ChangesError(
      model,
      table,
      `${problem}. Make it in a migration, as the table's owner: import { trackChanges } from "pinestream"; ` +
        `export const up = (db) => trackChanges(db, ${JSON.stringify(table)});`,
      { cause },
    );
  }
  if (!made) throw missing(model, table);
  return made;
}

function assertTrackable(found: TrackedTable | undefined, table: string, what: string): void {
  if (!found) throw new DatabaseError(`${what}: there is no table ${quoteTable(table)} in the database.`);
  if (found.obstacle !== undefined) {
    throw new DatabaseError(`${what}: ${quoteTable(table)} ${found.obstacle}.`);
  }
}

async function inOneTransaction(kysely: AnyKysely, run: (kysely: AnyKysely) => Promise<void>): Promise<void> {
  await (kysely.isTransaction ? run(kysely) : kysely.transaction().execute(run));
}

function missing(model: string, table: string): QueryError {
  return new QueryError(
    model,
    `there is no table "${table}" in the database. Run the migration that makes it, or name another: static table = "…".`,
  );
}
