import { readdir } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { Migrator, type Migration } from "kysely/migration";

import { DatabaseError } from "../errors/model-errors.ts";
import type { AnyKysely } from "./any-kysely.ts";

const FILE = /^(?!.*\.d\.[cm]?ts$).*\.(?:[cm]?js|[cm]?ts)$/;

/** What a Node that cannot load a TypeScript file says of it. */
const CANNOT_LOAD = new Set([
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_INVALID_TYPESCRIPT_SYNTAX",
  "ERR_UNKNOWN_MODULE_FORMAT",
]);

/**
 * Runs the migrations of a folder that have not run yet: `.ts`, `.js`, `.mts`, `.mjs`, `.cts` and `.cjs`
 * files that export `up(db)`, in the order of their names. Gives the names of those that ran. Kysely's lock
 * makes processes that do this at the same time wait for each other.
 *
 * @throws DatabaseError that names the folder, or the file that cannot be loaded or that failed.
 */
export async function runMigrations(kysely: AnyKysely, folder: string): Promise<string[]> {
  const files = await findFiles(folder);
  const migrations = await loadAll(files);
  const migrator = new Migrator({ db: kysely, provider: { getMigrations: async () => migrations } });
  const { error, results = [] } = await migrator.migrateToLatest();
  if (error !== undefined) {
    const failed = results.find((result) => result.status === "Error");
    const where = failed
      ? `Migration ${files.get(failed.migrationName) ?? failed.migrationName}`
      : `Migrating from ${folder}`;
    const advice = failed
      ? "Nothing of this run was kept; correct the file and start again."
      : "Migrations that have run must stay in the folder, unchanged in name and order.";
    throw new DatabaseError(`${where} failed: ${messageOf(error)}. ${advice}`, { cause: error });
  }
  return results.filter((result) => result.status === "Success").map((result) => result.migrationName);
}

async function findFiles(folder: string): Promise<Map<string, string>> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new DatabaseError(
      `The migrations folder ${resolve(folder)} cannot be read. Make it, or correct database.migrations ` +
        `(relative paths start at ${process.cwd()}).`,
      { cause },
    );
  }
  const files = new Map<string, string>();
  for (const name of names.filter((name) => FILE.test(name)).sort()) {
    const key = basename(name, extname(name));
    const path = resolve(join(folder, name));
    const other = files.get(key);
    if (other !== undefined) {
      throw new DatabaseError(
        `${other} and ${path} are one migration by name. Delete or rename one of them.`,
      );
    }
    files.set(key, path);
  }
  return files;
}

async function loadAll(files: ReadonlyMap<string, string>): Promise<Record<string, Migration>> {
  const migrations: Record<string, Migration> = {};
  for (const [name, path] of files) {
    let module: Record<string, unknown>;
    try {
      module = await loadFile(path);
    } catch (cause) {
      throw new DatabaseError(`Migration ${path} cannot be loaded: ${messageOf(cause)}`, { cause });
    }
    const migration = [module, module["default"]].find(isMigration);
    if (!migration) {
      throw new DatabaseError(
        `Migration ${path} exports no function "up". Write: export async function up(db) { … }`,
      );
    }
    migrations[name] = migration;
  }
  return migrations;
}

async function loadFile(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href;
  try {
    return (await import(/* @vite-ignore */ url)) as Record<string, unknown>;
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (!path.endsWith("ts") || typeof code !== "string" || !CANNOT_LOAD.has(code)) throw error;
    const { createJiti } = await import("jiti");
    return await createJiti(url).import<Record<string, unknown>>(path);
  }
}

function isMigration(value: unknown): value is Migration {
  return typeof (value as { up?: unknown } | undefined)?.up === "function";
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
