import { BaseModel } from "../model/base-model.ts";
import { openDatabase, type DatabaseOptions } from "../model/database.ts";
import { acquireDefaultDatabase, bindDatabase } from "../model/default-database.ts";

/**
 * Gives the models the database of this server and has its migrations run. Gives a function that lets go of it.
 *
 * Migrations of a database server run before the server starts, so that it never serves with a schema that
 * is not there. Those of the embedded database run when it is first queried, since to start it takes seconds
 * that no stream without a query has to wait for.
 *
 * @throws DatabaseError if a migration fails.
 */
export async function useDatabase(
  models: readonly object[],
  options: DatabaseOptions | undefined,
): Promise<() => Promise<void>> {
  const bound = models.filter((model) => model instanceof BaseModel);
  if (bound.length === 0 && options === undefined) return async () => {};
  const opened = options === undefined ? undefined : openDatabase(options);
  const lease = opened === undefined ? acquireDefaultDatabase() : undefined;
  const database = opened ?? lease?.database;
  await opened?.migrate();
  const unbind = database ? bound.map((model) => bindDatabase(model, database)) : [];
  return async () => {
    for (const undo of unbind) undo();
    await opened?.close();
    await lease?.release();
  };
}
