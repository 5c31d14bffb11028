import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { once } from "node:events";

import { sql } from "kysely";
import { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";

import { BoatModel, listeners, take } from "../../test/helpers/changes.ts";
import { describePostgres } from "../../test/helpers/databases.ts";
import { usePostgres, type PostgresServer } from "../../test/helpers/postgres.ts";
import { settles, waitFor } from "../../test/helpers/wait-for.ts";
import { openDatabase, type Database } from "../database/database.ts";
import { bindDatabase } from "../database/default-database.ts";
import { ChangesError } from "../errors/model-errors.ts";
import { BaseModel } from "../model/base-model.ts";
import { PostgresListener } from "../postgres/postgres-listener.ts";
import { trackChanges } from "./track.ts";
import type { Changes } from "./types.ts";

const TABLE = "create table boats (id int primary key, name text not null default 'boat', berth int)";

describePostgres("changes of a server", () => {
  let server: PostgresServer;
  let release: () => Promise<void>;
  let url: string;
  let database: Database;
  let boats: BoatModel;
  const opened: Database[] = [];

  const open = (address: string): Database => {
    const made = openDatabase({ url: address, pool: { max: 3 } });
    opened.push(made);
    return made;
  };
  const boatsOf = (of: Database): BoatModel => {
    const model = new BoatModel();
    bindDatabase(model, of);
    return model;
  };
  const listen = async (model: BoatModel): Promise<Changes<any>> => {
    const changes = model.changes();
    await changes.ready();
    return changes;
  };
  const listening = () => listeners(database.kysely);

  beforeAll(async () => {
    ({ server, release } = await usePostgres());
  });
  afterAll(() => release());
  beforeEach(async () => {
    url = await server.createDatabase();
    database = open(url);
    boats = boatsOf(database);
    await sql.raw(TABLE).execute(database.kysely);
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((each) => each.close()));
  });

  test("come from whoever makes them", async () => {
    const changes = await listen(boats);
    const client = new Client({ connectionString: url });
    await client.connect();
    await client.query("insert into boats values (1, 'Swift', 2)");
    await client.end();
    expect(await take(changes, 1)).toEqual([{ type: "insert", row: { id: 1, name: "Swift", berth: 2 } }]);
  });

  test("a hundred subscribers of two tables have one connection, and after the last there is none", async () => {
    await sql`create table buoys (id int primary key)`.execute(database.kysely);
    class BuoyModel extends BaseModel {}
    const buoys = new BuoyModel();
    bindDatabase(buoys, database);
    const all = [
      ...Array.from({ length: 70 }, () => boats.changes()),
      ...Array.from({ length: 30 }, (_, id) => boats.changes({ wq: [["berth", id]] })),
    ];
    const ofBuoys = buoys.changes();
    await Promise.all([...all, ofBuoys].map((changes) => changes.ready()));
    expect(await listening()).toBe(1);
    await boats.insert([
      { id: 1, berth: 29 },
      { id: 2, berth: 28 },
    ]);
    const ids = await Promise.all(all.slice(0, 70).map((changes) => take(changes, 2)));
    for (const taken of ids) expect(taken.map((change) => change.row?.id)).toEqual([1, 2]);
    expect((await take(all[99]!, 1))[0]?.row?.id).toBe(1);
    expect((await take(all[98]!, 1))[0]?.row?.id).toBe(2);
    for (const changes of [...all, ofBuoys]) await changes.return();
    await waitFor(async () => (await listening()) === 0, { what: "that nobody listens" });
  });

  test("a listening connection that is cut off comes back, with a gap for everyone", async () => {
    const [one, two] = [await listen(boats), await listen(boats)];
    const next = one.next();
    for (let round = 0; round < 3; round++) {
      await sql`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name = 'pinestream changes' and datname = current_database()`.execute(
        database.kysely,
      );
      const first = round === 0 ? (await settles(next, { what: "the gap" })).value : (await take(one, 1))[0];
      expect(first).toEqual({ gap: true });
      expect(await take(two, 1)).toEqual([{ gap: true }]);
      await boats.insert({ id: round });
      for (const changes of [one, two]) expect((await take(changes, 1))[0]?.row?.id).toBe(round);
      expect(await listening()).toBe(1);
    }
  });

  test("a server that is gone for a while: open ones get a gap when it is back, new ones an error until then", async () => {
    const changes = await listen(boats);
    await server.pause();
    await expect(boats.changes().ready()).rejects.toMatchObject({
      code: expect.stringMatching(/ECONNREFUSED|57P0/),
    });
    const left = boats.changes();
    await expect(left.next()).rejects.toThrow();
    expect((await left.next()).done).toBe(true);
    await server.resume();
    expect(await take(changes, 1)).toEqual([{ gap: true }]);
    await boats.insert({ id: 1 });
    expect((await take(changes, 1))[0]?.row?.id).toBe(1);
  });

  test("one that is left or closed while the server is gone tries no longer", async () => {
    const other = open(url);
    const [left, closed] = [await listen(boats), await listen(boatsOf(other))];
    const next = closed.next();
    await server.pause();
    await left.return();
    await other.close();
    expect((await settles(next, { what: "the end" })).done).toBe(true);
    await server.resume();
    await waitFor(async () => (await listening().catch(() => 1)) === 0, { what: "that nobody listens" });
  });

  test("many that make the trigger at once make one, while others write", async () => {
    const all = Array.from({ length: 8 }, () => boatsOf(open(url)));
    const stop = new AbortController();
    let written = 0;
    const writer = (async () => {
      while (!stop.signal.aborted) await boats.insert({ id: ++written });
    })();
    const changes = await Promise.all(all.map((model) => listen(model)));
    stop.abort();
    await writer;
    await boats.insert({ id: 0 });
    for (const each of changes) {
      for (;;) {
        const [change] = await take(each, 1);
        if (change?.row?.id === 0) break;
      }
    }
    const { rows } = await sql`select tgname from pg_trigger where tgrelid = 'boats'::regclass`.execute(
      database.kysely,
    );
    expect(rows).toHaveLength(2);
  });

  test("migrations that track tables at once wait for each other", async () => {
    await sql`create table buoys (id int primary key)`.execute(database.kysely);
    const all = Array.from({ length: 8 }, () => open(url).kysely);
    await Promise.all(all.map((kysely, index) => trackChanges(kysely, index % 2 ? "boats" : "buoys")));
    const { rows } = await sql`select tgname from pg_trigger where not tgisinternal`.execute(database.kysely);
    expect(rows).toHaveLength(4);
  });

  test("a role that may not make the trigger is told of the migration, and hears when its owner has run it", async () => {
    const role = `clerk_${new URL(url).pathname.slice(1)}`;
    await sql
      .raw(`create role ${role} login; grant select, insert on boats to ${role}`)
      .execute(database.kysely);
    const address = new URL(url);
    address.username = role;
    const clerks = boatsOf(open(address.href));
    const refusal = await clerks
      .changes()
      .ready()
      .catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(ChangesError);
    expect(refusal).toMatchObject({ code: "PINE_CHANGES_UNTRACKED", model: "BoatModel", table: "boats" });
    expect((refusal as Error).message).toMatch(/permission denied .*trackChanges\(db, "boats"\)/);
    await trackChanges(database.kysely, "boats");
    const changes = await listen(clerks);
    await clerks.insert({ id: 1 });
    expect((await take(changes, 1))[0]?.row?.id).toBe(1);
  });

  test("waits no longer than two seconds for those who write to a table without trigger", async () => {
    const writer = open(url);
    await writer.kysely.transaction().execute(async (kysely) => {
      await sql`insert into boats values (1)`.execute(kysely);
      await expect(boats.changes().ready()).rejects.toThrow(/could not be made within 2000 ms/);
    });
    const changes = await listen(boats);
    await boats.insert({ id: 2 });
    expect((await take(changes, 1))[0]?.row?.id).toBe(2);
  });

  test("nothing that is committed after ready() is missed, with many who write", async () => {
    const writers = Array.from({ length: 3 }, () => boatsOf(open(url)));
    let id = 0;
    const stop = new AbortController();
    const writes = writers.map(async (model) => {
      while (!stop.signal.aborted) await model.insert({ id: ++id });
    });
    await trackChanges(database.kysely, "boats");
    for (let round = 0; round < 5; round++) {
      const changes = await listen(boats);
      const rows = new Set((await boats.findMany()).data.map((row) => row.id));
      const until = id + 20;
      await waitFor(() => id > until, { what: "twenty more rows" });
      const count = await boats.count();
      while (rows.size < count) {
        const [change] = await take(changes, 1);
        expect(change?.gap).toBeUndefined();
        rows.add(change?.row.id);
      }
      await changes.return();
    }
    stop.abort();
    await Promise.all(writes);
  });

  test("closing the database closes the listening connection", async () => {
    const other = open(url);
    await listen(boatsOf(other));
    expect(await listening()).toBe(1);
    await other.close();
    await waitFor(async () => (await listening()) === 0, { what: "the end of the connection" });
  });

  test("a connection whose other end has fallen silent is given up", async () => {
    const sockets: Socket[] = [];
    const proxy = createServer((socket) => {
      const onward = connect(server.port, "127.0.0.1");
      sockets.push(socket, onward);
      for (const each of [socket, onward]) each.on("error", () => {});
      socket.pipe(onward);
      onward.pipe(socket);
    }).listen(0, "127.0.0.1");
    await once(proxy, "listening");
    const address = new URL(url);
    address.port = String((proxy.address() as AddressInfo).port);
    const client = new Client({ connectionString: address.href });
    await client.connect();
    const heard: string[] = [];
    const hearing = {
      onNotification: (_channel: string, payload: string) => heard.push(payload),
      onLost: (error: Error) => heard.push(error.message),
    };
    const listener = new PostgresListener(client, hearing, { everyMs: 20, boundMs: 500 });
    await listener.listen('Odd "Name"');
    await sql`select pg_notify('Odd "Name"', 'hello')`.execute(database.kysely);
    await waitFor(() => heard.length === 1, { what: "the notification" });
    for (const socket of sockets) socket.unpipe().pause();
    await waitFor(() => heard.length === 2, { what: "the loss" });
    expect(heard).toEqual(["hello", "the connection has not answered for 500 ms"]);
    await listener.close();
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
});
