import { sql } from "kysely";
import { beforeAll, beforeEach, expect, test } from "vitest";

import { describeDatabases } from "../../test/helpers/databases.ts";
import { settles } from "../../test/helpers/wait-for.ts";
import { createDeferred } from "../async/deferred.ts";
import { inTransaction } from "../scope/transaction-scope.ts";
import { BaseModel } from "../model/base-model.ts";
import { openDatabase } from "./database.ts";
import { bindDatabase } from "./default-database.ts";

class AccountModel extends BaseModel<{ id: number; owner: string }> {}
class EntryModel extends BaseModel<{ id: number; text: string }> {
  static override table = "entries";
}

describeDatabases("a transaction", (db) => {
  const accounts = new AccountModel();
  const entries = new EntryModel();
  const owners = async () =>
    (await accounts.findMany({ order: [["id", "ASC"]] })).data.map((row) => row.owner);

  beforeAll(async () => {
    bindDatabase(accounts, db.database);
    bindDatabase(entries, db.database);
    await sql`create table accounts (id serial primary key, owner text unique)`.execute(accounts.db);
    await sql`create table entries (id serial primary key, text text)`.execute(accounts.db);
  });
  beforeEach(async () => {
    await sql`truncate accounts, entries`.execute(accounts.db);
  });

  test("commits when its promise resolves, over all models and raw queries in its scope", async () => {
    const given = await accounts.transaction(async () => {
      await accounts.insert({ owner: "ada" });
      await entries.insert({ text: "hello" });
      await accounts.db.insertInto("accounts").values({ owner: "raw" }).execute();
      return "given";
    });
    expect(given).toBe("given");
    expect(await owners()).toEqual(["ada", "raw"]);
    expect(await entries.count()).toBe(1);
  });

  test("rolls back and rejects with what was thrown", async () => {
    const failure = new Error("no");
    const failed = accounts.transaction(async () => {
      await accounts.insert({ owner: "ada" });
      await entries.insert({ text: "hello" });
      throw failure;
    });
    await expect(failed).rejects.toBe(failure);
    expect([await accounts.count(), await entries.count()]).toEqual([0, 0]);
  });

  test("rolls back what a nested one did, and no more, when that one fails", async () => {
    await accounts.transaction(async () => {
      await accounts.insert({ owner: "ada" });
      await expect(
        entries.transaction(async () => {
          await accounts.insert({ owner: "bob" });
          await accounts.insert({ owner: "ada" });
        }),
      ).rejects.toMatchObject({ code: "23505" });
      await accounts.transaction(() => accounts.insert({ owner: "cyd" }));
    });
    expect(await owners()).toEqual(["ada", "cyd"]);
  });

  test("takes a nested one back with itself", async () => {
    const failed = accounts.transaction(async () => {
      await accounts.transaction(() => accounts.insert({ owner: "bob" }));
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    expect(await owners()).toEqual([]);
  });

  test("runs nested ones that were begun at once one after the other", async () => {
    await accounts.transaction(async () => {
      const nested = ["ada", "bob", "cyd", "dan"].map((owner) =>
        accounts.transaction(async () => {
          await accounts.insert({ owner });
          await new Promise((resolve) => setImmediate(resolve));
          if (owner === "bob") throw new Error(owner);
        }),
      );
      expect((await Promise.allSettled(nested)).map(({ status }) => status)).toEqual([
        "fulfilled",
        "rejected",
        "fulfilled",
        "fulfilled",
      ]);
    });
    expect(await owners()).toEqual(["ada", "cyd", "dan"]);
  });

  test("is not seen from other async scopes, which go on beside it", async () => {
    const inserted = createDeferred();
    const seen = createDeferred();
    const running = accounts.transaction(async () => {
      await accounts.insert({ owner: "ada" });
      expect(inTransaction()).toBe(true);
      inserted.resolve();
      // On PGlite's one session others wait until this is over; on a server they go on beside it.
      if (db.kind === "PostgreSQL") await seen.promise;
      return await accounts.count();
    });
    await inserted.promise;
    expect(inTransaction()).toBe(false);
    const outside = accounts.count();
    if (db.kind === "PostgreSQL") {
      expect(await settles(outside, { what: "a query beside the transaction" })).toBe(0);
      seen.resolve();
    }
    expect(await running).toBe(1);
    expect(await outside).toBe(db.kind === "PostgreSQL" ? 0 : 1);
  });

  test("many at once keep apart", async () => {
    const results = await Promise.allSettled(
      Array.from({ length: 30 }, (_, index) =>
        accounts.transaction(async () => {
          const { id } = await accounts.insert({ owner: `owner ${index}` });
          await entries.insert({ text: `for ${id}` });
          if (index % 3 === 0) throw new Error("no");
        }),
      ),
    );
    expect(results.filter(({ status }) => status === "rejected")).toHaveLength(10);
    expect([await accounts.count(), await entries.count()]).toEqual([20, 20]);
  });

  test("that swallowed a failed query fails as it commits, for nothing of it was kept", async () => {
    const swallowed = accounts.transaction(async () => {
      await accounts.insert({ owner: "ada" });
      await accounts.insert({ owner: "ada" }).catch(() => undefined);
    });
    await expect(swallowed).rejects.toThrow();
    expect(await owners()).toEqual([]);
  });

  test("covers a table that it made itself", async () => {
    class Draft extends BaseModel {}
    const drafts = new Draft();
    bindDatabase(drafts, db.database);
    const failed = drafts.transaction(async () => {
      await sql`create table drafts (id int primary key)`.execute(drafts.db);
      await drafts.insert({ id: 1 });
      throw new Error("no");
    });
    await expect(failed).rejects.toThrow("no");
    await expect(drafts.count()).rejects.toThrow(/drafts/);
  });

  test("of one database does not take in a model of another", async () => {
    const other = openDatabase({ url: "" });
    const elsewhere = new AccountModel();
    const unbind = bindDatabase(elsewhere, other);
    try {
      await sql`create table accounts (id serial primary key, owner text)`.execute(elsewhere.db);
      const failed = accounts.transaction(async () => {
        await accounts.insert({ owner: "here" });
        await elsewhere.insert({ owner: "there" });
        throw new Error("no");
      });
      await expect(failed).rejects.toThrow("no");
      expect([await accounts.count(), await elsewhere.count()]).toEqual([0, 1]);
    } finally {
      unbind();
      await other.close();
    }
  });
});
