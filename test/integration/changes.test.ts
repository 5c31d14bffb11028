import { sql } from "kysely";
import { BaseModel, stream, z, type Context } from "pinestream";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { offerAsDefault } from "../../src/database/default-database.ts";
import { listeners } from "../helpers/changes.ts";
import { describeDatabases } from "../helpers/databases.ts";
import { events } from "../helpers/stream-client.ts";
import { http1, type Served } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

interface BoatRow {
  id: number;
  name: string;
}

let log: string[] = [];
beforeEach(() => (log = []));
const seen = (what: string) => waitFor(() => log.includes(what), { what: () => `${what}; log: ${log}` });

const names = z.object({ listening: z.number(), boat: z.string() });

class BoatModel extends BaseModel<BoatRow> {
  @stream({ type: "sse", events: names, params: z.object({}) })
  async *watch(ctx: Context) {
    const sse = ctx.createSSE(names);
    try {
      const changes = this.changes();
      await changes.ready();
      sse.publish("listening", await this.count());
      for await (const change of changes) if (!change.gap) sse.publish("boat", change.row.name);
      log.push("loop over");
    } finally {
      log.push(`finally ${ctx.signal.reason}`);
    }
  }

  /** Two sources at once, both awaited in helpers. */
  @stream({ type: "sse", events: names, params: z.object({}) })
  async *watchTwo(ctx: Context) {
    const sse = ctx.createSSE(names);
    const follow = async (id: number) => {
      for await (const change of this.changes({ wq: [["id", id]] })) {
        if (change.gap) continue;
        sse.publish("boat", change.row.name);
      }
      log.push(`${id} over`);
    };
    sse.publish("listening", 0);
    await Promise.all([follow(1), follow(2)]);
    log.push("both over");
  }

  /** A loop around the loop, which has no other place to be ended at. */
  @stream({ type: "sse", events: names, params: z.object({}) })
  async *watchForEver(ctx: Context) {
    const sse = ctx.createSSE(names);
    sse.publish("listening", 0);
    try {
      for (;;) for await (const change of this.changes()) if (!change.gap) log.push(change.row.name);
    } finally {
      log.push("unwound");
    }
  }

  /** Yields what comes. */
  @stream({ type: "sse", events: names, params: z.object({}) })
  async *yieldThem(ctx: Context) {
    const sse = ctx.createSSE(names);
    const changes = this.changes();
    await changes.ready();
    yield sse.event("listening", 0);
    try {
      for await (const change of changes) if (!change.gap) yield sse.event("boat", change.row.name);
    } finally {
      log.push("left");
    }
  }
}

describeDatabases("changes in a stream's handler", (db) => {
  let withdraw: () => void;
  beforeAll(async () => {
    withdraw = offerAsDefault(db.database);
    // An embedded database takes its time to start; not within a test.
    await sql`select 1`.execute(db.database.kysely);
  });
  afterAll(() => withdraw());

  const serve = async (): Promise<Served & { boats: BoatModel }> => {
    const boats = new BoatModel();
    // Without a database of its own the server takes the suite's: an embedded one takes seconds to start.
    const served = await http1.serve({ models: [boats] });
    await sql`drop table if exists boats`.execute(boats.db);
    await sql`create table boats (id int primary key, name text not null)`.execute(boats.db);
    return { ...served, boats };
  };

  const noListener = (boats: BoatModel) =>
    waitFor(async () => (await listeners(boats.db)) === 0, { what: "that nobody listens any more" });

  test("come as they are made, and end with the client, though nothing happens in the database", async () => {
    const { app, open, boats } = await serve();
    const client = open("/api/boat/watch");
    await events(client, 1, "listening");
    await boats.insert({ id: 1, name: "Swift" });
    expect(await events(client, 1, "boat")).toEqual(["Swift"]);
    client.leave();
    await seen("finally client");
    expect(log).toEqual(["loop over", "finally client"]);
    await waitFor(() => app.streams.list().length === 0, { what: "the end of the stream's entry" });
    await noListener(boats);
  });

  test("end in helpers that the handler awaits together", async () => {
    const { open, boats } = await serve();
    const client = open("/api/boat/watchTwo");
    await events(client, 1, "listening");
    const other = boats.changes();
    await other.ready();
    await boats.insert([
      { id: 2, name: "Gull" },
      { id: 1, name: "Swift" },
    ]);
    client.leave();
    await seen("both over");
    expect(log.toSorted()).toEqual(["1 over", "2 over", "both over"]);
    await other.return();
  });

  test("unwind a loop around theirs, which would begin again and again", async () => {
    const { open } = await serve();
    const client = open("/api/boat/watchForEver");
    await events(client, 1, "listening");
    client.leave();
    await seen("unwound");
  });

  test("come to a handler that yields them, and end with it", async () => {
    const { open, boats } = await serve();
    const client = open("/api/boat/yieldThem");
    await events(client, 1, "listening");
    await boats.insert([
      { id: 1, name: "Swift" },
      { id: 2, name: "Gull" },
    ]);
    expect(await events(client, 2, "boat")).toEqual(["Swift", "Gull"]);
    client.leave();
    await seen("left");
    await noListener(boats);
  });

  test("end with the server", async () => {
    const { app, open } = await serve();
    const client = open("/api/boat/watch");
    await events(client, 1, "listening");
    await app.close();
    await seen("finally shutdown");
    expect(log).toContain("loop over");
  });
});
