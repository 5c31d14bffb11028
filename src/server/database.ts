import { BaseModel } from "../model/base-model.ts";
import { openDatabase, type DatabaseOptions } from "../database/database.ts";
import { acquireDefaultDatabase, bindDatabase, offerAsDefault } from "../database/default-database.ts";

/** A server's hold on its database. */
export interface DatabaseUse {
  /** Begins, in the background, what the first query would wait for. @throws DatabaseError if a migration fails. */
  start(): Promise<void>;
  /** Lets go of the database. */
  release(): Promise<void>;
}

/**
 * Gives the models the database of this server and has its migrations run.
 *
 * Migrations of a database server run before the server starts, so that it never serves with a schema that
 * is not there. Those of the embedded database run while it serves, and queries wait for them, since to start it
 * takes seconds that no stream without a query has to wait for.
 *
 * @throws DatabaseError if a migration fails.
 */
export async function useDatabase(
  models: readonly object[],
  options: DatabaseOptions | undefined,
): Promise<DatabaseUse> {
  const bound = models.filter((model) => model instanceof BaseModel);
  if (bound.length === 0 && options === undefined) return { start: async () => {}, release: async () => {} };
  const opened = options === undefined ? undefined : openDatabase(options);
  const lease = opened === undefined ? acquireDefaultDatabase() : undefined;
  const database = opened ?? lease?.database;
  if (!opened?.embedded) await opened?.migrate();
  const withdraw = opened && offerAsDefault(opened);
  const unbind = database ? bound.map((model) => bindDatabase(model, database)) : [];
  return {
    start: async () => {
      if (opened?.embedded && options?.migrations !== undefined) await opened.migrate();
    },
    release: async () => {
      for (const undo of unbind) undo();
      withdraw?.();
      await opened?.close();
      await lease?.release();
    },
  };
}
