// Tables that are dropped and made anew, or lose their trigger, while somebody subscribes.
import { sql } from "kysely";
import { BaseModel } from "pinestream";
import { expect, test } from "vitest";

import { take, useBoats } from "../../test/helpers/changes.ts";
import { describeDatabases, describePostgres } from "../../test/helpers/databases.ts";
import { usePostgres } from "../../test/helpers/postgres.ts";
import { waitFor } from "../../test/helpers/wait-for.ts";
import { openDatabase } from "../database/database.ts";
import { bindDatabase } from "../database/default-database.ts";
import { QueryError } from "../errors/model-errors.ts";
import { Hub } from "./hub.ts";
import { openChanges } from "./open-changes.ts";
import type { Subscription } from "./subscription.ts";
import { untrackChanges } from "./track.ts";

const MAKE_BUOYS = "create table buoys (id int primary key)";
const REMAKE_BUOYS = `drop table if exists buoys; ${MAKE_BUOYS}`;

class BuoyModel extends BaseModel<{ id: number }> {}

describeDatabases("changes of a table that is made anew", (db) => {
  const { bind, listen, run, undo } = useBoats(db);
  /** Looks every few milliseconds whether the tables are still the same. */
  const watch = async (): Promise<Subscription> => {
    const changes = openChanges(
      db.database,
      { model: "BuoyModel", table: "buoys", signal: undefined, conditions: async () => [] },
      new Hub(db.database, { checkEveryMs: 10 }),
    );
    undo.push(() => changes.return());
    await changes.ready();
    return changes;
  };

  test("come to whoever subscribes after that, and to the others after a gap", async () => {
    await run(REMAKE_BUOYS);
    const buoys = bind(new BuoyModel());
    const before = await listen(buoys);
    await run(REMAKE_BUOYS);
    const after = await listen(buoys);
    await buoys.insert({ id: 1 });
    const change = { type: "insert", row: { id: 1 } };
    expect(await take(before, 2)).toEqual([{ gap: true }, change]);
    // Where the new channel was listened to after it had come, it is told of the gap, too.
    const [first] = await take(after, 1);
    expect(first?.gap ? await take(after, 1) : [first]).toEqual([change]);
  });

  test("come by themselves after a gap when nobody else subscribes", async () => {
    await run(REMAKE_BUOYS);
    const changes = await watch();
    await run(REMAKE_BUOYS);
    expect(await take(changes, 1)).toEqual([{ gap: true }]);
    await run("insert into buoys values (1)");
    expect(await take(changes, 1)).toEqual([{ type: "insert", row: { id: 1 } }]);
  });

  test("come by themselves after a gap when the trigger was dropped", async () => {
    await run(REMAKE_BUOYS);
    const changes = await watch();
    await untrackChanges(db.database.kysely, "buoys");
    expect(await take(changes, 1)).toEqual([{ gap: true }]);
    await run("insert into buoys values (1)");
    expect(await take(changes, 1)).toEqual([{ type: "insert", row: { id: 1 } }]);
  });

  test("end with an error when it is gone for good", async () => {
    await run(REMAKE_BUOYS);
    const changes = await watch();
    await run("drop table buoys");
    await expect(changes.next()).rejects.toThrow(QueryError);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
  });
});

describePostgres("changes of a table that is made anew meanwhile", () => {
  const useBuoys = async () => {
    const { server, release } = await usePostgres();
    const database = openDatabase({ url: await server.createDatabase() });
    await sql.raw(MAKE_BUOYS).execute(database.kysely);
    const buoys = new BuoyModel();
    bindDatabase(buoys, database);
    const close = async (): Promise<void> => {
      await database.close();
      await release();
    };
    return { database, buoys, close };
  };

  test("come to whoever subscribed while the first table was still there", async () => {
    const { database, buoys, close } = await useBuoys();
    try {
      const early = buoys.changes();
      let late = early;
      await database.kysely.transaction().execute(async (transaction) => {
        await sql`lock table buoys in access exclusive mode`.execute(transaction);
        // It finds the first table, and waits to make the trigger.
        void early.ready();
        await waitFor(
          async () => {
            const { rows } =
              await sql`select 1 from pg_locks where relation = 'buoys'::regclass and not granted`.execute(
                database.kysely,
              );
            return rows.length === 1;
          },
          { what: "the look-up that waits for the table" },
        );
        late = buoys.changes();
        void late.ready();
        await sql.raw(REMAKE_BUOYS).execute(transaction);
      });
      await early.ready();
      await late.ready();
      await buoys.insert({ id: 1 });
      for (const each of [early, late]) {
        expect(await take(each, 1)).toEqual([{ type: "insert", row: { id: 1 } }]);
      }
    } finally {
      await close();
    }
  });
});
