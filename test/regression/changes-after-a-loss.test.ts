// What is told of changes after the connection that listens was lost.
import { sql } from "kysely";
import { afterAll, beforeAll, expect, test } from "vitest";

import { openDatabase } from "../../src/database/database.ts";
import { bindDatabase } from "../../src/database/default-database.ts";
import { BoatModel, take } from "../helpers/changes.ts";
import { describePostgres } from "../helpers/databases.ts";
import { usePostgres, type PostgresServer } from "../helpers/postgres.ts";
import { waitFor } from "../helpers/wait-for.ts";

describePostgres("a gap of changes", () => {
  let server: PostgresServer;
  let release: () => Promise<void>;
  beforeAll(async () => {
    ({ server, release } = await usePostgres());
  });
  afterAll(() => release());

  test("comes before what is heard the moment it is listened again", async () => {
    const url = await server.createDatabase();
    const database = openDatabase({ url });
    const boats = new BoatModel();
    const unbind = bindDatabase(boats, database);
    await sql
      .raw("create table boats (id int primary key, name text not null, berth int)")
      .execute(database.kysely);
    const insert = (id: number) => boats.insert({ id, name: "Swift", berth: null });
    // A session that is told of a change before it is told that it listens, as happens where many write.
    const openListener = database.openListener.bind(database);
    let heard = 0;
    let isAgain = false;
    database.openListener = async (hearing) => {
      const session = await openListener({
        ...hearing,
        onNotification: (...args) => {
          heard++;
          hearing.onNotification(...args);
        },
      });
      const listen = session.listen.bind(session);
      session.listen = async (channel) => {
        await listen(channel);
        if (!isAgain) return;
        const before = heard;
        await insert(3);
        await waitFor(() => heard > before, { what: "the notification" });
      };
      return session;
    };
    const changes = boats.changes();
    await changes.ready();
    await insert(1);
    expect(await take(changes, 1)).toMatchObject([{ row: { id: 1 } }]);
    isAgain = true;
    await server.disconnect(url);
    await waitFor(
      () =>
        insert(2).then(
          () => true,
          () => false,
        ),
      { what: "a connection" },
    );
    const [next] = await take(changes, 1);
    await changes.return();
    unbind();
    await database.close();
    expect(next).toEqual({ gap: true });
  });
});
