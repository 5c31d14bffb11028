import { afterAll, beforeAll, describe, test } from "vitest";

import { openDatabase, type Database, type DatabaseOptions } from "../../src/database/database.ts";
import { missingPostgres, usePostgres } from "./postgres.ts";

/** The database that a suite runs over: empty when the suite begins. */
export interface TestDatabase {
  readonly kind: "PGlite" | "PostgreSQL";
  /** For the suite's own `createServer` or `openDatabase`; on PGlite each gets another database. */
  readonly options: DatabaseOptions;
  /** Opened before the suite, closed after it. */
  readonly database: Database;
}

/** Runs a suite over PGlite and over PostgreSQL. Without PostgreSQL that half is skipped, but in CI it fails. */
export function describeDatabases(name: string, suite: (db: TestDatabase) => void): void {
  describe(`${name} (PGlite)`, () => {
    register("PGlite", async () => ({ options: { url: "" }, release: async () => {} }), suite);
  });
  describePostgres(name, () => {
    const open = async () => {
      const { server, release } = await usePostgres();
      return { options: { url: await server.createDatabase() }, release };
    };
    register("PostgreSQL", open, suite);
  });
}

/** Runs a suite where PostgreSQL is installed. */
export function describePostgres(name: string, suite: () => void): void {
  const missing = missingPostgres();
  if (missing === undefined) describe(`${name} (PostgreSQL)`, suite);
  else if (process.env["CI"]) {
    test(`${name} (PostgreSQL)`, () => {
      throw new Error(missing);
    });
  } else {
    describe.skip(`${name} (PostgreSQL)`, suite);
    console.warn(`skipped: ${name}: ${missing}`);
  }
}

type Open = () => Promise<{ options: DatabaseOptions; release: () => Promise<void> }>;

function register(kind: TestDatabase["kind"], open: Open, suite: (db: TestDatabase) => void): void {
  let opened: Awaited<ReturnType<Open>> | undefined;
  let database: Database | undefined;
  const ready = <T>(value: T | undefined): T => {
    if (value === undefined)
      throw new Error("the database is there in hooks and tests, not while they are declared");
    return value;
  };
  beforeAll(async () => {
    opened = await open();
    database = openDatabase(opened.options);
  });
  afterAll(async () => {
    await database?.close();
    await opened?.release();
  });
  suite({
    kind,
    get options() {
      return ready(opened).options;
    },
    get database() {
      return ready(database);
    },
  });
}
