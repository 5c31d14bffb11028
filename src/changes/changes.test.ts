import { getEventListeners } from "node:events";

import { expect, test } from "vitest";
import { sql } from "kysely";

import { BoatModel, listeners, take, useBoats, type BoatRow } from "../../test/helpers/changes.ts";
import { describeDatabases } from "../../test/helpers/databases.ts";
import { settles, waitFor } from "../../test/helpers/wait-for.ts";
import { openDatabase } from "../database/database.ts";
import { bindDatabase } from "../database/default-database.ts";
import { QueryError } from "../errors/model-errors.ts";
import { BaseModel } from "../model/base-model.ts";
import type { Change } from "./types.ts";

describeDatabases("changes", (db) => {
  const { boats, bind, listen, run, undo } = useBoats(db);

  test("gives what is inserted, updated and deleted, in order", async () => {
    const changes = await listen(boats);
    const row = await boats.insert({ name: "Swift", berth: 1 });
    await boats.update(row.id, { berth: 2 });
    await boats.del(row.id);
    expect(await take(changes, 3)).toEqual([
      { type: "insert", row },
      { type: "update", row: { ...row, berth: 2 } },
      { type: "delete", row: { ...row, berth: 2 } },
    ]);
  });

  test("gives rows of ten thousand inserts of one transaction, complete and in order", async () => {
    const changes = await listen(boats);
    await sql`insert into boats (name, berth) select 'boat ' || n, n from generate_series(1, 10000) n`.execute(
      boats.db,
    );
    const rows = await take(changes, 10_000);
    expect(rows.map((change) => change.row?.berth)).toEqual(
      Array.from({ length: 10_000 }, (_, index) => index + 1),
    );
  });

  test("gives a row that was updated to the same thrice in one transaction three times", async () => {
    const row = await boats.insert({ name: "Swift", berth: 1 });
    const changes = await listen(boats);
    await boats.transaction(async () => {
      for (let round = 0; round < 3; round++) await boats.update(row.id, { berth: 1 });
    });
    expect(await take(changes, 3)).toEqual(Array.from({ length: 3 }, () => ({ type: "update", row })));
  });

  test("gives rows of a megabyte whole, whatever happens to them", async () => {
    const changes = await listen(boats);
    const name = 'é"\\,'.repeat(250_000);
    const row = await boats.insert({ name });
    await boats.update(row.id, { name: `${name}!` });
    await boats.del(row.id);
    expect(await take(changes, 3)).toEqual([
      { type: "insert", row },
      { type: "update", row: { ...row, name: `${name}!` } },
      { type: "delete", row: { ...row, name: `${name}!` } },
    ]);
  });

  test("tells nothing of what is rolled back, and keeps the order across savepoints", async () => {
    const changes = await listen(boats);
    const failing = boats.transaction(async () => {
      await boats.insert({ id: 1, name: "lost" });
      throw new Error("no");
    });
    await expect(failing).rejects.toThrow("no");
    await boats.transaction(async () => {
      await boats.insert({ id: 2, name: "before" });
      await boats
        .transaction(async () => {
          await boats.insert({ id: 3, name: "undone" });
          throw new Error("no");
        })
        .catch(() => undefined);
      await boats.insert({ id: 4, name: "after" });
    });
    expect((await take(changes, 2)).map((change) => change.row?.name)).toEqual(["before", "after"]);
  });

  test("tells of a truncated table as a gap, and of what comes after it", async () => {
    const changes = await listen(boats);
    await boats.insert({ id: 1, name: "Swift" });
    await run("truncate boats");
    await boats.insert({ id: 2, name: "Gull" });
    const [first, second, third] = await take(changes, 3);
    expect([first?.row?.id, second, third?.row?.id]).toEqual([1, { gap: true }, 2]);
  });

  test("a reader that is 1,000 behind gets a gap and then what follows; another misses nothing", async () => {
    const [slow, quick] = [await listen(boats), await listen(boats)];
    const taken = take(quick, 1_500);
    await run("insert into boats (id, name) select n, 'boat' from generate_series(1, 1500) n");
    expect((await taken).map((change) => change.row?.id)).toEqual(
      Array.from({ length: 1_500 }, (_, n) => n + 1),
    );
    const [gap, next] = await take(slow, 2);
    expect([gap, next?.row?.id]).toEqual([{ gap: true }, 1_001]);
    expect((await take(slow, 499)).at(-1)?.row?.id).toBe(1_500);
  });

  test("is refused inside a transaction, which would wait for ever", async () => {
    const changes = await listen(boats);
    await boats.transaction(async () => {
      expect(() => boats.changes()).toThrow(/cannot be used inside a transaction/);
      await expect(changes.next()).rejects.toThrow(QueryError);
      await expect(changes.ready()).rejects.toThrow(QueryError);
    });
    await boats.insert({ id: 1, name: "Swift" });
    expect((await take(changes, 1))[0]?.row?.id).toBe(1);
  });

  test("ends with its signal, also one aborted before, and leaves nothing on it", async () => {
    const controller = new AbortController();
    const changes = await listen(boats, { signal: controller.signal });
    const next = changes.next();
    controller.abort();
    expect(await settles(next, { what: "the end" })).toEqual({ done: true, value: undefined });
    expect(getEventListeners(controller.signal, "abort")).toHaveLength(0);
    const unaborted = new AbortController();
    const returned = await listen(boats, { signal: unaborted.signal });
    expect(getEventListeners(unaborted.signal, "abort")).toHaveLength(1);
    await returned.return();
    expect(getEventListeners(unaborted.signal, "abort")).toHaveLength(0);
    const late = boats.changes({ signal: controller.signal });
    await late.ready();
    expect((await late.next()).done).toBe(true);
    await waitFor(async () => (await listeners(db.database.kysely)) === 0, { what: "that nobody listens" });
  });

  test("stops listening with the last reader, and listens again for the next", async () => {
    class BuoyModel extends BaseModel {}
    await run("drop table if exists buoys; create table buoys (id int primary key)");
    const buoys = bind(new BuoyModel());
    const [one, two, ofBuoys] = [await listen(boats), await listen(boats), await listen(buoys)];
    await one.return();
    await boats.insert({ id: 1, name: "Swift" });
    expect(await take(two, 1)).toHaveLength(1);
    await two.return();
    await ofBuoys.return();
    await waitFor(async () => (await listeners(db.database.kysely)) === 0, { what: "that nobody listens" });
    const again = await listen(boats);
    await boats.insert({ id: 2, name: "Gull" });
    expect((await take(again, 1))[0]?.row?.id).toBe(2);
  });

  test("comes and goes in any order without losing any", async () => {
    const late: Change<BoatRow>[][] = [];
    for (let round = 0; round < 20; round++) {
      const changes = boats.changes();
      await changes.ready();
      await boats.insert({ id: round, name: "boat" });
      late.push(await take(changes, 1));
      // Not awaited: the next begins while this one ends.
      void changes.return();
    }
    expect(late.map(([change]) => change?.row?.id)).toEqual(Array.from({ length: 20 }, (_, id) => id));
  });

  test("ends when the database is closed, whether it waits, begins or has not begun", async () => {
    const database = openDatabase(db.options);
    await sql`create table if not exists boats (id int primary key, name text, berth int)`.execute(
      database.kysely,
    );
    const model = new BoatModel();
    undo.push(bindDatabase(model, database));
    const [waiting, notBegun] = [model.changes(), model.changes()];
    await waiting.ready();
    const next = waiting.next();
    await database.close();
    expect(await settles(next, { what: "the end of the waiting one" })).toEqual({
      done: true,
      value: undefined,
    });
    await expect(notBegun.ready()).rejects.toThrow(/has been closed/);
  });
});
