import { mkdtemp, mkdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { openDatabase } from "../database/database.ts";
import { run } from "./run.ts";

describe("pinestream migrate", () => {
  let folder: string;
  let migrations: string;
  let lines: string[];
  const output = { log: (line: string) => lines.push(line), error: (line: string) => lines.push(line) };

  beforeEach(async () => {
    lines = [];
    folder = await mkdtemp(join(tmpdir(), "pinestream-migrate-"));
    migrations = join(folder, "migrations");
    await mkdir(migrations);
    await writeFile(
      join(migrations, "001_quays.mjs"),
      "export const up = (db) => db.schema.createTable('quays').addColumn('id', 'integer').execute();\n",
    );
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it("runs what has not run yet in an embedded database's folder, and then nothing", async () => {
    const dataDir = join(folder, "data");
    const args = ["migrate", "--migrations", migrations, "--data-dir", dataDir];
    expect(await run(args, output)).toBe(0);
    expect(await run(args, output)).toBe(0);
    expect(lines).toEqual([
      "ran 001_quays",
      "The database is up to date.",
      "The database was up to date already.",
    ]);
    const database = openDatabase({ url: "", dataDir });
    const { rows } = await sql`select count(*) as total from quays`.execute(database.kysely);
    expect(rows).toEqual([{ total: 0 }]);
    await database.close();
  }, 90_000);

  it("names the file that failed, and fails", async () => {
    await writeFile(
      join(migrations, "002_broken.mjs"),
      "export const up = () => { throw new Error('no'); };\n",
    );
    const code = await run(
      ["migrate", "--migrations", migrations, "--data-dir", join(folder, "data")],
      output,
    );
    expect(code).toBe(1);
    expect(lines.join("\n")).toMatch(/002_broken\.mjs failed: no/);
  }, 90_000);

  it("refuses two databases at once, and none", async () => {
    expect(await run(["migrate", "--url", "postgres://x/y", "--data-dir", folder], output)).toBe(2);
    const { DATABASE_URL } = process.env;
    delete process.env["DATABASE_URL"];
    expect(await run(["migrate"], output)).toBe(2);
    if (DATABASE_URL !== undefined) process.env["DATABASE_URL"] = DATABASE_URL;
    expect(lines.join("\n")).toContain("Which database?");
  });
});
