import { sql } from "kysely";
import { beforeAll, describe, expect, test } from "vitest";

import { describeDatabases } from "../../test/helpers/databases.ts";
import { formatArrayText, parseArrayText } from "./array-text.ts";
import { BaseModel } from "../model/base-model.ts";
import { bindDatabase } from "../database/default-database.ts";
import { encodeParameter } from "./values.ts";

describeDatabases("values", (db) => {
  const read = async (expression: string): Promise<unknown> => {
    const { rows } = await sql<{ value: unknown }>`select ${sql.raw(expression)} as value`.execute(
      db.database.kysely,
    );
    return rows[0]?.value;
  };

  test.each<[string, unknown]>([
    ["null", null],
    ["true", true],
    ["1::int2", 1],
    ["2147483647", 2_147_483_647],
    ["9007199254740991::int8", 9_007_199_254_740_991],
    ["9007199254740993::int8", 9_007_199_254_740_993n],
    ["(-9223372036854775808)::int8", -9_223_372_036_854_775_808n],
    ["count(*)", 1],
    ["1.50::numeric", "1.50"],
    ["'NaN'::float8", Number.NaN],
    ["'-Infinity'::float8", -Infinity],
    ["0.1::float8", 0.1],
    ["'a'::text", "a"],
    ["'{\"a\": [1, null]}'::json", { a: [1, null] }],
    ["'\"x\"'::jsonb", "x"],
    ["'\\x00ff'::bytea", Buffer.from([0, 255])],
    ["'00000000-0000-0000-0000-000000000001'::uuid", "00000000-0000-0000-0000-000000000001"],
    ["'1 day'::interval", "1 day"],
    ["timestamptz '2026-01-02 03:04:05.678+02'", new Date("2026-01-02T01:04:05.678Z")],
    ["timestamp '2026-01-02 03:04:05.678'", new Date("2026-01-02T03:04:05.678Z")],
    ["date '2026-01-02'", new Date("2026-01-02T00:00:00Z")],
    ["timestamptz '0044-03-15 12:00:00+00 BC'", new Date("-000043-03-15T12:00:00Z")],
    ["timestamp '0044-03-15 12:00:00 BC'", new Date("-000043-03-15T12:00:00Z")],
    ["date '0044-03-15 BC'", new Date("-000043-03-15T00:00:00Z")],
    ["timestamptz '0001-01-01 00:00:00+00'", new Date("0001-01-01T00:00:00Z")],
    ["timestamptz '12345-06-07 08:09:10+00'", new Date("+012345-06-07T08:09:10Z")],
    ["date '12345-06-07'", new Date("+012345-06-07T00:00:00Z")],
    ["timestamptz 'infinity'", Infinity],
    ["timestamp '-infinity'", -Infinity],
    ["date 'infinity'", Infinity],
    ["array[1,null,3]", [1, null, 3]],
    [
      "array[[1,2],[3,4]]",
      [
        [1, 2],
        [3, 4],
      ],
    ],
    ["'[0:1]={a,b}'::text[]", ["a", "b"]],
    [
      "array['', 'NULL', null, 'a\"b', 'c\\d', '{x,y}', ' z ']",
      ["", "NULL", null, 'a"b', "c\\d", "{x,y}", " z "],
    ],
    ["array[]::int[]", []],
    ["array[9007199254740993::int8]", [9_007_199_254_740_993n]],
    ["array[timestamp '2026-01-02 03:04:05']", [new Date("2026-01-02T03:04:05Z")]],
    ['array[\'{"a":"b,c"}\'::jsonb]', [{ a: "b,c" }]],
    ["array['\\x01'::bytea]", [Buffer.from([1])]],
    ["array[true,false]", [true, false]],
  ])("reads %s", async (expression, value) => {
    expect(await read(expression)).toEqual(value);
  });

  test.each<[string, unknown]>([
    ["timestamptz", new Date("2026-01-02T03:04:05.678Z")],
    ["timestamp", new Date("2026-01-02T03:04:05.678Z")],
    ["date", new Date("2026-01-02T00:00:00Z")],
    ["timestamptz", new Date("-000043-03-15T12:00:00Z")],
    ["timestamptz", new Date("+012345-06-07T08:09:10.001Z")],
    ["timestamptz", Infinity],
    ["int8", 9_007_199_254_740_993n],
    ["jsonb", { a: 'q"\\', b: [1, null] }],
    ["bytea", Buffer.from([0, 92, 255])],
    ["int[]", [1, null, 3]],
    ["text[]", ["a,b", 'q"', "back\\slash", "NULL", "", null, "{}"]],
    ["text[][]", [["a"], ["b"]]],
    ["timestamptz[]", [new Date(0)]],
    ["bool", false],
  ])("gives back a %s as it was bound: %o", async (type, value) => {
    const { rows } = await sql<{ value: unknown }>`select ${value}::${sql.raw(type)} as value`.execute(
      db.database.kysely,
    );
    expect(rows[0]?.value).toEqual(value);
  });

  test("runs several statements that have no parameters", async () => {
    const { rows } = await sql`create temp table if not exists t1 (a int); select 5 as five`.execute(
      db.database.kysely,
    );
    expect(rows).toEqual([{ five: 5 }]);
  });

  describe("microseconds", () => {
    class EventModel extends BaseModel {}
    const events = new EventModel();
    beforeAll(async () => {
      bindDatabase(events, db.database);
      await sql`create table events (id serial primary key, at timestamptz, local timestamp)`.execute(
        events.db,
      );
      for (const [before, after] of [
        ["2026-01-01 00:00:00.123", ""],
        ["1969-12-31 23:59:59.999", ""],
        ["0044-03-15 12:00:00.5", " BC"],
      ]) {
        for (const micros of ["001", "456", "457"]) {
          const text = `${before}${before?.endsWith(".5") ? "00" : ""}${micros}`;
          await sql`insert into events (at, local) values (${`${text}+00${after}`}, ${`${text}${after}`})`.execute(
            events.db,
          );
        }
      }
    });

    test("a timestamp that came from the database neither repeats nor skips a row", async () => {
      const { data } = await events.findMany({
        order: [
          ["at", "ASC"],
          ["id", "ASC"],
        ],
      });
      expect(data).toHaveLength(9);
      for (const [index, row] of data.entries()) {
        for (const column of ["at", "local"]) {
          const after = await events.findMany({ wq: [["at", ">", row[column]]], order: [["at", "ASC"]] });
          expect(after.data.map((other) => other.id)).toEqual(data.slice(index + 1).map((other) => other.id));
          const same = await events.findMany({ wq: [["local", row[column]]] });
          expect(same.data.map((other) => other.id)).toEqual([row.id]);
        }
        const raw = await sql`select id from events where at = ${row.at}`.execute(events.db);
        expect(raw.rows).toEqual([{ id: row.id }]);
        const any = await sql`select id from events where at = any(${[row.at]})`.execute(events.db);
        expect(any.rows).toEqual([{ id: row.id }]);
      }
    });

    test("survives being written elsewhere, and is forgotten once the Date is set anew", async () => {
      const first = await events.findOne({ wq: [["id", 2]] });
      await events.transaction(async () => {
        const copy = await events.insert({ at: first.at });
        expect(
          await events.count({
            wq: [
              ["id", copy.id],
              ["at", first.at],
            ],
          }),
        ).toBe(1);
        await events.del(copy.id);
      });
      const moved = (await events.findOne({ wq: [["id", 2]] })).at as Date;
      moved.setTime(moved.getTime() + 1);
      expect(await events.count({ wq: [["at", moved]] })).toBe(0);
      moved.setTime(moved.getTime() - 1);
      // Back at the time that it was read with, it stands for that row again.
      expect(await events.count({ wq: [["at", moved]] })).toBe(1);
    });
  });
});

test("array text is the same after a round trip", () => {
  const items = ["", "a", "NULL", null, '"', "\\", ",", "{", "}", " ", "\n", ["x", ["y"]]];
  const text = formatArrayText(items, (item) => item as string | null);
  expect(parseArrayText(text, (element) => element)).toEqual(items);
});

test("what has no text is refused as a parameter", () => {
  expect(() => encodeParameter(new Date(Number.NaN))).toThrow(/invalid Date/);
  expect(() => encodeParameter(() => 1)).toThrow(/function cannot be/);
  expect(() => encodeParameter(Symbol("x"))).toThrow(/symbol cannot be/);
});
