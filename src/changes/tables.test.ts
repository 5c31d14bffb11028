import { sql } from "kysely";
import { expect, test } from "vitest";

import { take, useBoats } from "../../test/helpers/changes.ts";
import { describeDatabases } from "../../test/helpers/databases.ts";
import { ChangesError } from "../errors/model-errors.ts";
import { BaseModel } from "../model/base-model.ts";
import { trackChanges, untrackChanges } from "./track.ts";

describeDatabases("changes of tables of any kind", (db) => {
  const { boats, bind, listen, run, undo } = useBoats(db);

  test("tells of rows that a foreign key's cascade and a trigger change, each after its cause", async () => {
    await run(
      "drop table if exists lines; create table lines (id int primary key, boat int references boats on delete cascade)",
    );
    await run(`create or replace function rename_boat() returns trigger language plpgsql as
      $$ begin update boats set name = 'renamed' where id = new.id; return null; end $$`);
    await run(
      "create or replace trigger a_rename after insert on boats for each row execute function rename_boat()",
    );
    undo.push(() => run("drop trigger a_rename on boats"));
    class LineModel extends BaseModel {}
    const lines = bind(new LineModel());
    const [ofBoats, ofLines] = [await listen(boats), await listen(lines)];
    await boats.insert({ id: 1, name: "Swift" });
    await lines.insert({ id: 7, boat: 1 });
    await boats.del(1);
    const row = { id: 1, name: "Swift", berth: null };
    expect(await take(ofBoats, 3)).toEqual([
      { type: "insert", row },
      { type: "update", row: { ...row, name: "renamed" } },
      { type: "delete", row: { ...row, name: "renamed" } },
    ]);
    expect(await take(ofLines, 2)).toEqual([
      { type: "insert", row: { id: 7, boat: 1 } },
      { type: "delete", row: { id: 7, boat: 1 } },
    ]);
  });

  test("gives values as findMany does", async () => {
    await run(`drop table if exists things; drop type if exists mood; drop type if exists size;
      create type mood as enum ('calm', 'rough'); create type size as (length numeric, width numeric);
      create table things (id bigint primary key, at timestamptz, naive timestamp, day date, amount numeric(30, 10),
        tags text[], grid int[][], data jsonb, raw json, feeling mood, feelings mood[], bytes bytea, spans interval,
        ratio float8, part size, flag boolean, code char(5), span int4range, address inet, dropped int,
        doubled numeric generated always as (amount * 2) stored);
      alter table things drop column dropped`);
    class ThingModel extends BaseModel {}
    const things = bind(new ThingModel());
    const changes = await listen(things);
    // A writer with other settings than ours writes the same.
    const values = String.raw`(9007199254740993, '2026-03-01 12:00:00.123456+05:45', '2026-03-01 12:00:00.654321', '2026-03-01',
      12345678901234567890.0123456789, '{a,NULL,"b,\"c\" \\","",é}', '{{1,2},{3,4}}', '{"a": [1, {"b": null}], "n": 1.10}',
      '{"z": 1,  "a": 2}', 'rough', '{calm,rough}', '\x00ff5c', '-1 year 2 days -03:04:05.6', 0.1::float8 + 0.2, '(1.50,2)', true, 'ab',
      '[1,5)', '10.0.0.1/8')`;
    await db.database.kysely.transaction().execute(async (kysely) => {
      await sql`set local timezone = 'Asia/Kathmandu'; set local datestyle = 'German'; set local bytea_output = 'escape';
        set local extra_float_digits = -10`.execute(kysely);
      await sql.raw(`insert into things values ${values}`).execute(kysely);
      await sql`set local intervalstyle = 'sql_standard'; update things set flag = false`.execute(kysely);
    });
    await run("insert into things (id) values (2)");
    const { data } = await things.findMany({ order: [["id", "ASC"]] });
    const [first, updated, second] = await take(changes, 3);
    const [none, full] = data;
    expect(first).toEqual({ type: "insert", row: { ...full, flag: true } });
    expect(updated).toEqual({ type: "update", row: full });
    expect(second).toEqual({ type: "insert", row: none });
    expect(Object.keys(first?.row)).toEqual(Object.keys(full));
    // Its microseconds are kept, too.
    expect(await things.count({ wq: [["at", first?.row.at]] })).toBe(1);
  });

  test("takes tables of other schemas, with odd names, and without id or key", async () => {
    await run(`drop schema if exists "Old Harbour" cascade; create schema "Old Harbour";
      create table "Old Harbour"."Boat ""Log""" ("Name" text, "select" int, text text, position int, "Created At" timestamptz default now())`);
    class OddModel extends BaseModel {
      static override table = 'Old Harbour.Boat "Log"';
    }
    const odd = bind(new OddModel());
    const changes = await listen(odd, {
      wq: [
        ["Name", "like", "S%"],
        ["position", 1],
      ],
    });
    const rows = await odd.insert([
      { Name: "Swift", select: 1, text: "a", position: 1 },
      { Name: "Gull", select: 2, text: "b", position: 1 },
      { Name: "Swift", select: 3, text: "c", position: 1 },
    ]);
    expect(await take(changes, 2)).toEqual([
      { type: "insert", row: rows[0] },
      { type: "insert", row: rows[2] },
    ]);
  });

  test("takes a partitioned table, though its partitions order their columns otherwise", async () => {
    await run(`drop table if exists sightings; create table sightings (id int, place text, seen boolean, primary key (id, place)) partition by list (place);
      create table sightings_north (seen boolean, place text not null, id int not null);
      alter table sightings attach partition sightings_north for values in ('north');
      create table sightings_south partition of sightings for values in ('south')`);
    class SightingModel extends BaseModel {}
    class NorthModel extends BaseModel {
      static override table = "sightings_north";
    }
    const changes = await listen(bind(new SightingModel()));
    await run("insert into sightings values (1, 'north', true), (2, 'south', null)");
    await run("update sightings set seen = false");
    expect(await take(changes, 4)).toEqual([
      { type: "insert", row: { id: 1, place: "north", seen: true } },
      { type: "insert", row: { id: 2, place: "south", seen: null } },
      { type: "update", row: { id: 1, place: "north", seen: false } },
      { type: "update", row: { id: 2, place: "south", seen: false } },
    ]);
    await expect(bind(new NorthModel()).changes().ready()).rejects.toThrow(ChangesError);
    await run("create or replace view boat_views as select * from boats");
    class BoatViewModel extends BaseModel {}
    await expect(bind(new BoatViewModel()).changes().ready()).rejects.toThrow(/is no table but a view/);
  });

  test("goes on when a column is added, after a gap at most", async () => {
    await run("drop table if exists tides; create table tides (id int primary key, height int)");
    class TideModel extends BaseModel {}
    const tides = bind(new TideModel());
    const [changes, filtered] = [await listen(tides), await listen(tides, { wq: [["height", ">", 0]] })];
    await run("alter table tides add column place text default 'pier'");
    await tides.insert({ id: 1, height: 2 });
    const row = { id: 1, height: 2, place: "pier" };
    for (const each of [changes, filtered]) expect(await take(each, 1)).toEqual([{ type: "insert", row }]);
    await run("alter table tides drop column height");
    await tides.insert({ id: 2 });
    await expect(filtered.next()).rejects.toMatchObject({ code: "42703" });
    expect(await filtered.next()).toEqual({ done: true, value: undefined });
    const rest = await take(changes, 1);
    expect(rest).toEqual([{ gap: true }]);
    await tides.insert({ id: 3 });
    expect(await take(changes, 1)).toEqual([{ type: "insert", row: { id: 3, place: "pier" } }]);
  });

  test("gives each reader a row of its own", async () => {
    await run(
      "drop table if exists logs; create table logs (id int primary key, data jsonb, at timestamptz)",
    );
    class LogModel extends BaseModel {}
    const logs = bind(new LogModel());
    const [one, two] = [await listen(logs), await listen(logs)];
    const row = await logs.insert({ id: 1, data: { crew: ["Ada"] }, at: new Date(0) });
    const [first] = await take(one, 1);
    first?.row.data.crew.push("Bo");
    first?.row.at.setTime(5);
    expect(await take(two, 1)).toEqual([{ type: "insert", row }]);
  });

  test("trackChanges and untrackChanges may be repeated, and undone the trigger tells nothing", async () => {
    const { kysely } = db.database;
    await run("drop table if exists piers; create table piers (id int primary key)");
    class PierModel extends BaseModel {}
    const piers = bind(new PierModel());
    const triggers = async () =>
      Number(
        (
          await sql<{
            n: number;
          }>`select count(*)::int as n from pg_trigger where tgrelid = 'piers'::regclass`.execute(kysely)
        ).rows[0]?.n,
      );
    await trackChanges(kysely, "piers");
    await kysely.transaction().execute((transaction) => trackChanges(transaction, "piers"));
    expect(await triggers()).toBe(2);
    const changes = await listen(piers);
    await piers.insert({ id: 1 });
    expect((await take(changes, 1))[0]?.row.id).toBe(1);
    await untrackChanges(kysely, "piers");
    await untrackChanges(kysely, "piers");
    expect(await triggers()).toBe(0);
    await piers.insert({ id: 2 });
    await trackChanges(kysely, "piers");
    await piers.insert({ id: 3 });
    expect((await take(changes, 1))[0]?.row.id).toBe(3);
    await expect(trackChanges(kysely, "peirs")).rejects.toThrow(/there is no table "peirs"/);
  });

  test("tells a gap where somebody else sends to its channel what makes no sense", async () => {
    const changes = await listen(boats);
    const channel = (
      await sql<{ name: string }>`select 'pinestream_' || 'boats'::regclass::oid as name`.execute(
        db.database.kysely,
      )
    ).rows[0]?.name;
    for (const payload of [
      "",
      "nonsense",
      "1 {}",
      '1 ["insert", "(no row"]',
      "1 2/3 aGFs",
      '1 ["insert", 7]',
    ]) {
      await sql`select pg_notify(${channel}, ${payload})`.execute(db.database.kysely);
      expect(await take(changes, 1)).toEqual([{ gap: true }]);
    }
    await boats.insert({ id: 1, name: "Swift" });
    expect((await take(changes, 1))[0]?.row?.id).toBe(1);
  });
});
