import { DatabaseError } from "../errors/model-errors.ts";
import { openDatabase, type Database } from "./database.ts";

/** One use of a database; `release` gives it up, and closes what nobody else uses. */
export interface DatabaseLease {
  readonly database: Database;
  /** May be called repeatedly; the promise resolves when a close that follows from it is done. */
  release(): Promise<void>;
}

interface Current {
  database: Database;
  users: number;
  /** Opened by a server, and so to be closed with the last of them. */
  ofServers: boolean;
}

let current: Current | undefined;

/**
 * Gives the process's own database, for models that belong to no server or to one without a database of its
 * own: what `DATABASE_URL` names, else one in memory. Opened by this call it stays until the process ends.
 */
export function defaultDatabase(): Database {
  return openCurrent(false).database;
}

/**
 * Takes the process's own database for a server. If servers alone have opened it, it closes when the last of
 * them releases it, and the next use opens a fresh one.
 */
export function acquireDefaultDatabase(): DatabaseLease {
  const taken = openCurrent(true);
  taken.users++;
  let released: Promise<void> | undefined;
  const release = async (): Promise<void> => {
    if (--taken.users > 0 || !taken.ofServers) return;
    if (current === taken) current = undefined;
    await taken.database.close();
  };
  return { database: taken.database, release: () => (released ??= release()) };
}

/**
 * Makes a server's database the process's own while it is open, so that models which no server has been given find
 * it too. Where there is one already, that one stays. Gives a function that undoes it.
 */
export function offerAsDefault(database: Database): () => void {
  if (current && !current.database.closed) return () => {};
  const offered: Current = { database, users: 1, ofServers: false };
  current = offered;
  return () => {
    if (current === offered) current = undefined;
  };
}

function openCurrent(ofServers: boolean): Current {
  if (!current || current.database.closed) current = { database: openDatabase(), users: 0, ofServers };
  return current;
}

interface Binding {
  database: Database;
  users: number;
}

const bindings = new WeakMap<object, Binding>();

/**
 * Makes a model's instance use a database, until the function that it gives back is called.
 *
 * @throws DatabaseError when the instance is bound to another one that is still open.
 */
export function bindDatabase(model: object, database: Database): () => void {
  const bound = bindings.get(model);
  if (bound && bound.database !== database && !bound.database.closed) {
    throw new DatabaseError(
      `${model.constructor.name}: one instance cannot use two databases at once. It is bound to ` +
        `${bound.database.description}; make another instance for ${database.description}.`,
    );
  }
  const binding = bound?.database === database ? bound : { database, users: 0 };
  binding.users++;
  bindings.set(model, binding);
  let unbound = false;
  return () => {
    if (unbound) return;
    unbound = true;
    if (--binding.users === 0 && bindings.get(model) === binding) bindings.delete(model);
  };
}

/** Gives the database that a model's instance is bound to, else the process's own. */
export function databaseOf(model: object): Database {
  return bindings.get(model)?.database ?? defaultDatabase();
}
