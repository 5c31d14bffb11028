import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { sql } from "kysely";
import { expect, onTestFinished, test, vi } from "vitest";

import { describeDatabases } from "../../test/helpers/databases.ts";
import { settles } from "../../test/helpers/wait-for.ts";
import { BaseModel } from "../model/base-model.ts";
import { openDatabase } from "./database.ts";
import { bindDatabase } from "./default-database.ts";

vi.setConfig({ testTimeout: 90_000 });

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Beside the packages, so that migrations find kysely. */
const folder = (files: Record<string, string>): string => {
  mkdirSync(join(root, "node_modules", ".cache"), { recursive: true });
  const path = mkdtempSync(join(root, "node_modules", ".cache", "migrations-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
};

const create = (table: string) =>
  `export async function up(db) { await db.schema.createTable("${table}").addColumn("id", "integer").execute(); }`;

describeDatabases("migrations", (db) => {
  const open = async (migrations: string) => {
    const database = openDatabase({ ...db.options, migrations });
    onTestFinished(async () => {
      if (!database.closed) {
        await sql`drop schema public cascade; create schema public`
          .execute(openless(database))
          .catch(() => undefined);
      }
      await database.close();
    });
    return database;
  };

  test("run in the order of their names, .ts, .mts, .js and .mjs alike, and once", async () => {
    const migrations = folder({
      "003_three.ts": `import { type Kysely, sql } from "kysely";
        enum Name { Third = "third" }
        export async function up(db: Kysely<unknown>): Promise<void> { await sql\`create table \${sql.id(Name.Third)} (id int)\`.execute(db); }`,
      "001_one.js": create("first"),
      "002_two.mjs": `export default { up: async (db) => { await db.schema.alterTable("first").addColumn("more", "text").execute(); } }`,
      "004_four.mts": create("fourth"),
      "001_one.d.ts": "export {};",
      "notes.md": "not a migration",
    });
    const database = await open(migrations);
    expect(await database.migrate()).toEqual(["001_one", "002_two", "003_three", "004_four"]);
    expect(await database.migrate()).toEqual([]);
    const { rows } = await sql`select count(*) as n from first, third, fourth`.execute(database.kysely);
    expect(rows).toEqual([{ n: 0 }]);
  });

  test("have run before the first query is answered, and several callers share one run", async () => {
    class CrateModel extends BaseModel {}
    const crates = new CrateModel();
    const database = await open(folder({ "001.js": create("crates") }));
    bindDatabase(crates, database);
    expect(await Promise.all([crates.count(), crates.count(), database.migrate().then(() => 0)])).toEqual([
      0, 0, 0,
    ]);
    expect(await database.migrate()).toEqual([]);
  });

  test("that fail are named with their file, keep nothing, and can be tried again", async () => {
    const migrations = folder({ "001_good.js": create("good"), "002_bad.js": create("good") });
    const database = await open(migrations);
    await expect(database.migrate()).rejects.toMatchObject({
      code: "PINE_DATABASE",
      cause: { code: "42P07" },
    });
    await expect(database.migrate()).rejects.toThrow(join(migrations, "002_bad.js"));
    writeFileSync(join(migrations, "002_bad.js"), create("better"));
    // The module is cached by its address, as Node does, so another process would see the change; so does a new name.
    rmSync(join(migrations, "002_bad.js"));
    writeFileSync(join(migrations, "002_better.js"), create("better"));
    expect(await database.migrate()).toEqual(["001_good", "002_better"]);
  });

  test.each<[string, Record<string, string>, RegExp]>([
    ["a file that cannot be loaded", { "001.js": "export const up = ;" }, /001\.js cannot be loaded/],
    ["a file without up", { "001.js": "export const down = 1;" }, /001\.js exports no function "up"/],
    ["two files of one name", { "001.js": create("a"), "001.mjs": create("a") }, /are one migration by name/],
  ])("refuse %s, by its name", async (_name, files, message) => {
    await expect((await open(folder(files))).migrate()).rejects.toThrow(message);
  });

  test("refuse a folder that is not there", async () => {
    const database = await open(join(tmpdir(), "pinestream-no-such-folder"));
    await expect(database.migrate()).rejects.toThrow(/pinestream-no-such-folder cannot be read/);
  });

  test("asked for several times at once run once", async () => {
    const database = await open(folder({ "001.js": create("once"), "002.js": create("twice") }));
    const ran = await Promise.all([1, 2, 3].map(() => database.migrate()));
    expect(ran).toEqual([1, 2, 3].map(() => ["001", "002"]));
  });

  // An embedded database is one process's own.
  if (db.kind === "PostgreSQL") {
    test("of several openings at once run once", async () => {
      const migrations = folder({ "001.js": create("once"), "002.js": create("twice") });
      const databases = await Promise.all([1, 2, 3].map(() => open(migrations)));
      const ran = await Promise.all(databases.map((database) => database.migrate()));
      expect(ran.flat().sort()).toEqual(["001", "002"]);
    });
  }
});

test("a process of plain Node runs TypeScript migrations", async () => {
  const migrations = folder({
    "001.ts": `import { sql, type Kysely } from "kysely";
      enum Table { Name = "typed" }
      export const up = (db: Kysely<never>) => sql\`create table \${sql.id(Table.Name)} (id int)\`.execute(db);`,
  });
  const script = `
    import { createJiti } from "jiti";
    const { openDatabase } = await createJiti(${JSON.stringify(root)}).import("./src/database/database.ts");
    const database = openDatabase({ url: "", migrations: ${JSON.stringify(migrations)} });
    console.log(JSON.stringify(await database.migrate()));`;
  const child = spawn(process.execPath, ["--input-type=module", "--eval", script], { cwd: root });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  await settles(once(child, "exit"), { boundMs: 50_000, what: () => `the process ends: ${output}` });
  expect(output.trim()).toBe('["001"]');
});

/** Kysely without the wait for migrations, which here may be the ones that fail. */
function openless(database: ReturnType<typeof openDatabase>) {
  return database.kysely;
}
