import { sql } from "kysely";
import { beforeAll, beforeEach, describe, expect, test } from "vitest";

import { describeDatabases } from "../../test/helpers/databases.ts";
import { QueryError } from "../errors/model-errors.ts";
import { BaseModel } from "./base-model.ts";
import { bindDatabase } from "../database/default-database.ts";

interface PostRow {
  id: number;
  title: string;
  author_id: number | null;
  tags: string[] | null;
  data: unknown;
  created_at: Date;
}

class PostModelClass extends BaseModel<PostRow> {}
class LooseModelClass extends BaseModel {
  static override table = "posts";
}

describeDatabases("a model", (db) => {
  const posts = new PostModelClass();
  const loose = new LooseModelClass();
  const titles = async (options: Parameters<PostModelClass["findMany"]>[0]) =>
    (await posts.findMany({ order: [["id", "ASC"]], ...options })).data.map((row) => row.title);

  beforeAll(async () => {
    bindDatabase(posts, db.database);
    bindDatabase(loose, db.database);
    await sql`
      create table posts (
        id serial primary key, title text not null default 'untitled', author_id int8,
        tags text[], data jsonb, created_at timestamptz not null default now()
      )`.execute(posts.db);
  });

  beforeEach(async () => {
    await sql`truncate posts restart identity`.execute(posts.db);
    await posts.insert([
      { title: "ash", author_id: 1, tags: ["a"], data: { n: 1 } },
      { title: "Birch", author_id: 2, tags: ["a", "b"], data: [1] },
      { title: "cedar", author_id: null, data: "text" },
    ]);
  });

  describe("conditions", () => {
    test.each<[string, unknown[], string[]]>([
      ["equality by default", ["title", "ash"], ["ash"]],
      ["=", ["title", "=", "ash"], ["ash"]],
      ["!=", ["title", "!=", "ash"], ["Birch", "cedar"]],
      ["<>", ["title", "<>", "ash"], ["Birch", "cedar"]],
      [">", ["id", ">", 2], ["cedar"]],
      [">=", ["id", ">=", 2], ["Birch", "cedar"]],
      ["<", ["id", "<", 2], ["ash"]],
      ["<=", ["id", "<=", 2], ["ash", "Birch"]],
      ["like", ["title", "like", "b%"], []],
      ["ilike", ["title", "ilike", "b%"], ["Birch"]],
      ["in", ["id", "in", [1, 3, 99]], ["ash", "cedar"]],
      ["in nothing", ["id", "in", []], []],
      ["in with null", ["author_id", "in", [1, null]], ["ash", "cedar"]],
      ["in null alone", ["author_id", "in", [null]], ["cedar"]],
      ["not-in", ["id", "not-in", [1]], ["Birch", "cedar"]],
      ["not-in nothing", ["author_id", "not-in", []], ["ash", "Birch", "cedar"]],
      ["not-in with null", ["author_id", "not-in", [1, null]], ["Birch"]],
      ["not-in null alone", ["author_id", "not-in", [null]], ["ash", "Birch"]],
      ["null by default", ["author_id", null], ["cedar"]],
      ["= null", ["author_id", "=", null], ["cedar"]],
      ["!= null", ["author_id", "!=", null], ["ash", "Birch"]],
      ["is null", ["author_id", "is", null], ["cedar"]],
      ["is a value", ["author_id", "is", 1], ["ash"]],
      ["is-not null", ["author_id", "is-not", null], ["ash", "Birch"]],
      ["is-not a value", ["author_id", "is-not", 1], ["Birch", "cedar"]],
      ["between", ["id", "between", [2, 3]], ["Birch", "cedar"]],
      ["an array column", ["tags", ["a", "b"]], ["Birch"]],
      ["an array column in", ["tags", "in", [["a"], ["c"]]], ["ash"]],
      ["a JSON column", ["data", { n: 1 }], ["ash"]],
      ["a JSON column with an array", ["data", [1]], ["Birch"]],
      ["a JSON column with a string", ["data", "text"], ["cedar"]],
      ["bigint", ["id", 1n], ["ash"]],
    ])("%s", async (_name, condition, found) => {
      const { data } = await loose.findMany({ wq: [condition as [string, unknown]], order: [["id", "ASC"]] });
      expect(data.map((row) => row.title)).toEqual(found);
    });

    test("all have to hold", async () => {
      expect(
        await titles({
          wq: [
            ["id", ">", 1],
            ["title", "like", "c%"],
          ],
        }),
      ).toEqual(["cedar"]);
    });

    test("an array of more values than a statement has parameters is found", async () => {
      const ids = Array.from({ length: 70_000 }, (_, index) => index + 2);
      expect(await titles({ wq: [["id", "in", ids]] })).toEqual(["Birch", "cedar"]);
    });
  });

  describe("refuses before any SQL runs", () => {
    test.each<[string, object, RegExp]>([
      [
        "an unknown column",
        { wq: [["titel", 1]] },
        /table "posts": column "titel" is unknown \(there are id, title, .*\)\. Did you mean "title"\?/,
      ],
      ["an inherited name as column", { wq: [["constructor", 1]] }, /column "constructor" is unknown/],
      ["a column that is no string", { wq: [[{}, 1]] }, /column \{\} is unknown/],
      ["an unknown operator", { wq: [["id", "=>", 1]] }, /operator "=>" is unknown \(there are =, !=/],
      ["undefined as value", { wq: [["id", undefined]] }, /the value is undefined/],
      ["undefined with an operator", { wq: [["id", ">", undefined]] }, /the value is undefined/],
      ["undefined among values", { wq: [["id", "in", [1, undefined]]] }, /one of the values is undefined/],
      ["in without an array", { wq: [["id", "in", 1]] }, /has to be an array/],
      ["an array for a plain column", { wq: [["id", [1]]] }, /Use "in"/],
      ["null for >", { wq: [["id", ">", null]] }, /null cannot be compared/],
      ["between with one bound", { wq: [["id", "between", [1]]] }, /\[lowest, highest\]/],
      ["between with null", { wq: [["id", "between", [1, null]]] }, /null cannot be compared/],
      ["like without a string", { wq: [["title", "like", 5]] }, /has to be a string/],
      ["an invalid Date", { wq: [["created_at", new Date(Number.NaN)]] }, /invalid Date/],
      ["a condition that is none", { wq: [["id"]] }, /neither \[column, value\]/],
      ["wq that is no list", { wq: { id: 1 } }, /Give a list of conditions/],
      [
        "an unknown direction",
        { order: [["id", "asc"]] },
        /direction "asc" is unknown \(there are ASC, DESC\)\. Did you mean "ASC"\?/,
      ],
      ["SQL as direction", { order: [["id", "ASC; drop table posts"]] }, /direction .* is unknown/],
      ["order by an unknown column", { order: [["id; drop table posts", "ASC"]] }, /column .* is unknown/],
      ["select of an unknown column", { select: ["id", "secret"] }, /column "secret" is unknown/],
      ["select of nothing", { select: [] }, /leave it out for all/],
      ["a broken num", { num: 1.5 }, /num is 1\.5/],
      ["page 0", { num: 1, page: 0 }, /page is 0/],
      ["a page without num", { page: 2 }, /Give num/],
    ])("%s", async (_name, options, message) => {
      const failed = await loose.findMany(options as never).catch((error: unknown) => error);
      expect(failed).toBeInstanceOf(QueryError);
      expect(failed).toMatchObject({ code: "PINE_QUERY_INVALID", model: "LooseModelClass" });
      expect((failed as Error).message).toMatch(message);
      expect(await posts.count()).toBe(3);
    });

    test.each<[string, () => Promise<unknown>]>([
      ["findOne without wq", () => posts.findOne({} as never)],
      ["findById of undefined", () => posts.findById(undefined as never)],
      ["update of undefined", () => posts.update(undefined as never, { title: "x" })],
      ["update of an unknown column", () => posts.update(1, { titel: "x" } as never)],
      ["del of undefined", () => posts.del(undefined as never)],
      ["del of a list with undefined", () => posts.del([1, undefined as never])],
      ["insert of no row", () => posts.insert(null as never)],
      ["insert of an unknown column", () => posts.insert({ admin: true } as never)],
    ])("%s", async (_name, call) => {
      await expect(call()).rejects.toBeInstanceOf(QueryError);
      expect(await titles({})).toEqual(["ash", "Birch", "cedar"]);
    });

    test("a table that is not there, by name", async () => {
      class GhostModel extends BaseModel {}
      const ghosts = new GhostModel();
      bindDatabase(ghosts, db.database);
      await expect(ghosts.count()).rejects.toThrow(/GhostModel: there is no table "ghosts"/);
    });
  });

  test.each([
    "'; drop table posts; --",
    "' or '1'='1",
    '"',
    "\\",
    "$1",
    "%",
    "a\nb",
    "🌲",
    "",
    "{1,2}",
    "NULL",
  ])("takes %j for a value and nothing else", async (hostile) => {
    expect(await titles({ wq: [["title", hostile]] })).toEqual([]);
    const row = await posts.insert({ title: hostile, tags: [hostile], data: { [hostile]: hostile } });
    expect(row).toMatchObject({ title: hostile, tags: [hostile], data: { [hostile]: hostile } });
    expect(await titles({ wq: [["title", "in", [hostile]]] })).toEqual([hostile]);
    expect(await titles({ wq: [["tags", [hostile]]] })).toEqual([hostile]);
    expect(await posts.count()).toBe(4);
  });

  test("gives pages from 1, the total over all of them, and the selected columns alone", async () => {
    const page = await posts.findMany({
      num: 2,
      page: 2,
      order: [["title", "DESC"]],
      select: ["title"],
      count: true,
    });
    expect(page.total).toBe(3);
    expect(page.data).toHaveLength(1);
    expect(Object.keys(page.data[0] ?? {})).toEqual(["title"]);
    expect(await posts.findMany({ num: 0, count: true })).toEqual({ data: [], total: 3 });
    expect(await posts.findMany({ wq: [["id", 1]] })).not.toHaveProperty("total");
  });

  test("finds one, by conditions or by id, or undefined", async () => {
    expect(await posts.findOne({ wq: [], order: [["id", "DESC"]] })).toMatchObject({ title: "cedar" });
    expect(await posts.findOne({ wq: [["id", 99]] })).toBeUndefined();
    expect(await posts.findById(2)).toMatchObject({ title: "Birch" });
    expect(await posts.findById(99)).toBeUndefined();
  });

  test("inserts one or several with defaults filled in, in order", async () => {
    const one = await posts.insert({});
    expect(one).toMatchObject({ id: 4, title: "untitled", author_id: null });
    expect(one.created_at).toBeInstanceOf(Date);
    const several = await posts.insert([{ title: "x" }, {}, { author_id: 7 }, {}]);
    expect(several.map((row) => [row.id, row.title, row.author_id])).toEqual([
      [5, "x", null],
      [6, "untitled", null],
      [7, "untitled", 7],
      [8, "untitled", null],
    ]);
    expect(await posts.insert([])).toEqual([]);
    expect(await posts.count()).toBe(8);
  });

  test("inserts all rows or none, however many statements they take", async () => {
    const many = Array.from({ length: 2_500 }, (_, index) => ({ title: `t${index}` }));
    await expect(posts.insert([...many, { id: 1 }])).rejects.toMatchObject({ code: "23505" });
    expect(await posts.count()).toBe(3);
    const rows = await posts.insert(many);
    expect(rows.map((row) => row.title)).toEqual(many.map((row) => row.title));
  });

  test("upserts: sets the given columns where the id is there, inserts elsewhere, the later wins", async () => {
    const rows = await posts.upsert([
      { id: 1, title: "A" },
      { id: 50, title: "new" },
      { id: 2, author_id: 9 },
      { title: "no id" },
      { id: 50, title: "last" },
    ]);
    expect(rows.map((row) => row.title)).toEqual(["A", "new", "Birch", "no id", "last"]);
    expect(await posts.findById(1)).toMatchObject({ title: "A", author_id: 1, tags: ["a"] });
    expect(await posts.findById(2)).toMatchObject({ title: "Birch", author_id: 9 });
    expect(await posts.findById(50)).toMatchObject({ title: "last" });
    expect(await posts.upsert({ id: 1 })).toMatchObject({ title: "A" });
    expect(await posts.upsert([])).toEqual([]);
  });

  test("updates what is given and leaves what is undefined", async () => {
    expect(await posts.update(1, { title: "new", tags: undefined, author_id: null })).toMatchObject({
      title: "new",
      tags: ["a"],
      author_id: null,
    });
    expect(await posts.update(1, {})).toMatchObject({ title: "new" });
    expect(await posts.update(99, { title: "x" })).toBeUndefined();
    expect(await titles({})).toEqual(["new", "Birch", "cedar"]);
  });

  test("deletes by id and tells how many were there", async () => {
    expect(await posts.del(1)).toBe(1);
    expect(await posts.del([1, 2, 3, 99])).toBe(2);
    expect(await posts.del([])).toBe(0);
  });

  test("keeps the database's own code, constraint and detail on its errors", async () => {
    await expect(posts.insert({ id: 1 })).rejects.toMatchObject({
      code: "23505",
      constraint: "posts_pkey",
      detail: "Key (id)=(1) already exists.",
      table: "posts",
    });
    await expect(loose.findMany({ wq: [["id", "abc"]] })).rejects.toMatchObject({ code: "22P02" });
  });

  test("knows a column that was added after the table was first read", async () => {
    await expect(loose.count({ wq: [["added", 1]] })).rejects.toBeInstanceOf(QueryError);
    await sql`alter table posts add column added int`.execute(loose.db);
    try {
      expect(await loose.count({ wq: [["added", null]] })).toBe(3);
    } finally {
      await sql`alter table posts drop column added`.execute(loose.db);
    }
  });

  test("takes a table with its schema", async () => {
    await sql`create schema if not exists "odd ""schema"; create table if not exists "odd ""schema".things (id int)`.execute(
      posts.db,
    );
    class Thing extends BaseModel {
      static override table = 'odd "schema.things';
    }
    const things = new Thing();
    bindDatabase(things, db.database);
    await things.insert({ id: 1 });
    expect(await things.findMany({ select: ["id"] })).toEqual({ data: [{ id: 1 }] });
  });
});
