import { sql } from "kysely";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";

import { describePostgres } from "../../test/helpers/databases.ts";
import { PostgresServer } from "../../test/helpers/postgres.ts";
import { settles, waitFor } from "../../test/helpers/wait-for.ts";
import { createDeferred } from "../async/deferred.ts";
import { BaseModel } from "../model/base-model.ts";
import { openDatabase, type DatabaseOptions } from "../database/database.ts";
import { bindDatabase } from "../database/default-database.ts";

class NumberModel extends BaseModel<{ id: number }> {}
class LetterModel extends BaseModel<{ id: number }> {}

test.each(["mysql://localhost/x", "localhost:5432", "postgres", "http://secret@host"])(
  "refuses %j as the address of a server, without repeating it",
  (url) => {
    const open = () => openDatabase({ url });
    expect(open).toThrow(/Expected postgres:\/\//);
    expect(open).not.toThrow(/secret/);
  },
);

describePostgres("a database server", () => {
  let server: PostgresServer;
  let url: string;

  beforeAll(async () => {
    server = await PostgresServer.start();
    url = await server.createDatabase();
    const database = openDatabase({ url });
    await sql`create table numbers (id serial primary key); create table letters (id serial primary key)`.execute(
      database.kysely,
    );
    await database.close();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const open = (options: Omit<DatabaseOptions, "url"> = {}) => {
    const database = openDatabase({ url, ...options });
    onTestFinished(() => database.close());
    const [numbers, letters] = [new NumberModel(), new LetterModel()];
    bindDatabase(numbers, database);
    bindDatabase(letters, database);
    return { database, numbers, letters };
  };

  test("is not connected to before the first query", async () => {
    const { numbers } = open();
    expect(await server.connections(url)).toEqual({});
    await numbers.count();
    expect(await server.connections(url)).toEqual({ idle: 1 });
  });

  test("a pooled connection is never held by an idle stream", async () => {
    const { numbers, letters } = open({ pool: { max: 1 } });
    const leave = createDeferred();
    // Each stands for a stream that has queried and now waits for its next turn.
    const streams = Array.from({ length: 5 }, async () => {
      await numbers.insert({});
      await letters.transaction(() => letters.insert({}));
      await letters.findMany({ num: 1, count: true });
      await leave.promise;
      await numbers.count();
    });
    await waitFor(async () => (await letters.count()) === 5, { what: "five streams on one connection" });
    expect(await settles(numbers.count(), { what: "a query while all streams idle" })).toBe(5);
    expect(await server.connections(url)).toEqual({ idle: 1 });
    leave.resolve();
    await settles(Promise.all(streams), { what: "the streams' last query" });
  });

  test("a server that went away and came back is used again, and no connection's loss ends the process", async () => {
    const { database, numbers } = open({ pool: { max: 2 } });
    await numbers.count();
    await server.disconnect(url);
    await waitFor(
      () =>
        numbers.count().then(
          () => true,
          () => false,
        ),
      { what: "a query after an idle connection was cut" },
    );
    const running = sql`select pg_sleep(60)`.execute(database.kysely);
    const cut = expect(running).rejects.toThrow();
    await waitFor(async () => (await server.connections(url))["active"] === 1, { what: "the query to run" });
    await server.pause();
    await cut;
    await expect(numbers.count()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await server.resume();
    expect(
      await waitFor(() => numbers.count().catch(() => 0), { what: "the server is back" }),
    ).toBeGreaterThan(0);
  });

  test("a transaction whose connection is lost rejects, and the next one works", async () => {
    const { numbers } = open({ pool: { max: 1 } });
    const before = await numbers.count();
    const lost = numbers.transaction(async () => {
      await numbers.insert({});
      await server.disconnect(url);
      await numbers.insert({});
    });
    await expect(lost).rejects.toThrow();
    await numbers.transaction(() => numbers.insert({}));
    expect(await numbers.count()).toBe(before + 1);
  });

  test("closing lets the running query finish, refuses the next, and may be repeated", async () => {
    const { database, numbers } = open();
    await numbers.count();
    const running = sql<{ done: number }>`select 1 as done from pg_sleep(0.2)`.execute(database.kysely);
    await waitFor(async () => (await server.connections(url))["active"] === 1, { what: "the query to run" });
    await Promise.all([database.close(), database.close()]);
    expect((await running).rows).toEqual([{ done: 1 }]);
    await expect(numbers.count()).rejects.toMatchObject({ code: "PINE_DATABASE" });
    await expect(numbers.count()).rejects.toThrow(
      /The PostgreSQL database 127\.0\.0\.1:\d+\/test_1 has been closed/,
    );
    expect(await server.connections(url)).toEqual({});
  });

  test("closing cuts off a transaction that does not end", async () => {
    const { database, numbers } = open();
    const entered = createDeferred();
    const leave = createDeferred();
    const endless = numbers.transaction(async () => {
      entered.resolve();
      await leave.promise;
      await numbers.count();
    });
    const failed = expect(endless).rejects.toThrow();
    await entered.promise;
    await settles(database.close(), { boundMs: 15_000, what: "the close beside an endless transaction" });
    leave.resolve();
    await failed;
  });

  test("closed before it was used, or while it connects, it settles as well", async () => {
    const unused = open();
    await unused.database.close();
    await expect(unused.numbers.count()).rejects.toMatchObject({ code: "PINE_DATABASE" });
    const connecting = open();
    const query = connecting.numbers.count().catch((error: unknown) => error);
    await settles(connecting.database.close(), { what: "the close while it connects" });
    await settles(query, { what: "the query that was connecting" });
  });

  test("sessions are in UTC whatever the server's zone is", async () => {
    const { database } = open();
    const { rows } = await sql`select now()::timestamp as local, now() as now`.execute(database.kysely);
    const [row] = rows as { local: Date; now: Date }[];
    expect(row?.local).toEqual(row?.now);
  });
});
