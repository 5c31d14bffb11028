import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { DatabaseError } from "../errors/model-errors.ts";

const ownLocks = new Set<string>();

/**
 * Takes a database's folder for this process, by a file beside it that holds the process's number: two that
 * write into one folder destroy it, and PGlite does not notice. Gives a function that gives it free; once. What a
 * dead process left behind is taken over.
 *
 * @throws DatabaseError when a living process holds it, or this one already does.
 */
export function lockFolder(folder: string): () => void {
  const path = `${folder}.lock`;
  const inUse = (holder: string): DatabaseError =>
    new DatabaseError(
      `The database folder ${folder} is in use by ${holder}. One process, and one database in it, may open a folder ` +
        `at a time; several need a PostgreSQL server (DATABASE_URL). If it is not in use, delete ${path}.`,
    );
  if (ownLocks.has(path)) throw inUse("this process");
  try {
    mkdirSync(dirname(path), { recursive: true });
    if (!tryWrite(path)) {
      const holder = readHolder(path);
      if (holder !== undefined && holder !== process.pid && isAlive(holder)) throw inUse(`process ${holder}`);
      rmSync(path, { force: true });
      if (!tryWrite(path)) throw inUse("another process");
    }
  } catch (cause) {
    if (cause instanceof DatabaseError) throw cause;
    throw new DatabaseError(`The database folder ${folder} cannot be written beside: ${String(cause)}`, {
      cause,
    });
  }
  ownLocks.add(path);
  let released = false;
  return () => {
    if (released) return;
    released = true;
    ownLocks.delete(path);
    rmSync(path, { force: true });
  };
}

function tryWrite(path: string): boolean {
  try {
    writeFileSync(path, String(process.pid), { flag: "wx" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function readHolder(path: string): number | undefined {
  try {
    const holder = Number(readFileSync(path, "utf8"));
    return Number.isSafeInteger(holder) && holder > 0 ? holder : undefined;
  } catch {
    // Given free meanwhile.
    return undefined;
  }
}

function isAlive(holder: number): boolean {
  try {
    process.kill(holder, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
