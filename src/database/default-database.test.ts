import { sql } from "kysely";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { BaseModel } from "../model/base-model.ts";
import { openDatabase } from "./database.ts";
import { acquireDefaultDatabase, bindDatabase, defaultDatabase } from "./default-database.ts";

class NoteModel extends BaseModel {}

beforeEach(() => {
  vi.stubEnv("DATABASE_URL", "");
});
afterEach(async () => {
  await defaultDatabase().close();
  vi.unstubAllEnvs();
});

test("opened by servers alone it closes with the last of them and opens fresh on next use", async () => {
  const [first, second] = [acquireDefaultDatabase(), acquireDefaultDatabase()];
  expect(second.database).toBe(first.database);
  expect(defaultDatabase()).toBe(first.database);
  await sql`create table notes (id int)`.execute(first.database.kysely);
  await first.release();
  await first.release();
  expect(second.database.closed).toBe(false);
  await second.release();
  expect(second.database.closed).toBe(true);
  const notes = new NoteModel();
  await expect(notes.count()).rejects.toThrow(/there is no table "notes"/);
  expect(defaultDatabase()).not.toBe(first.database);
});

test("opened by a model it stays when the servers that use it too have gone", async () => {
  const opened = defaultDatabase();
  const lease = acquireDefaultDatabase();
  expect(lease.database).toBe(opened);
  await lease.release();
  expect([opened.closed, defaultDatabase()]).toEqual([false, opened]);
});

test("is what DATABASE_URL names", () => {
  vi.stubEnv("DATABASE_URL", "postgres://user:secret@db.example:5433/shop");
  expect(defaultDatabase().description).toBe("The PostgreSQL database db.example:5433/shop");
});

test("an instance is of the database that it is bound to, and of no second one at once", async () => {
  const [first, second] = [openDatabase({ url: "" }), openDatabase({ url: "" })];
  const [one, two] = [new NoteModel(), new NoteModel()];
  const unbind = bindDatabase(one, first);
  bindDatabase(two, second);
  expect([one.db, two.db]).toEqual([first.kysely, second.kysely]);
  expect(() => bindDatabase(one, second)).toThrow(/NoteModel: one instance cannot use two databases at once/);
  const unbindAgain = bindDatabase(one, first);
  unbind();
  unbind();
  expect(one.db).toBe(first.kysely);
  unbindAgain();
  expect(one.db).toBe(defaultDatabase().kysely);
  bindDatabase(one, first);
  await first.close();
  bindDatabase(one, second);
  expect(one.db).toBe(second.kysely);
  expect(Object.keys(one)).toEqual([]);
});

test("two embedded databases keep apart", async () => {
  const databases = [openDatabase({ url: "" }), openDatabase({ url: "" })];
  try {
    const models = databases.map((database) => {
      const notes = new NoteModel();
      bindDatabase(notes, database);
      return notes;
    });
    for (const [index, notes] of models.entries()) {
      await sql`create table notes (id int)`.execute(notes.db);
      await notes.insert(Array.from({ length: index + 1 }, (_, id) => ({ id })));
    }
    expect(await Promise.all(models.map((notes) => notes.count()))).toEqual([1, 2]);
  } finally {
    await Promise.all(databases.map((database) => database.close()));
  }
});
