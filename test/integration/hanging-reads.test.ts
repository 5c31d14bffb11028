import { BaseModel, stream, z, type Context } from "pinestream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { sql } from "kysely";
import { describePostgres } from "../helpers/databases.ts";
import { gate } from "../helpers/gate.ts";
import { usePostgres } from "../helpers/postgres.ts";
import { openDatabase } from "../../src/database/database.ts";
import { events } from "../helpers/stream-client.ts";
import { http1 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let log: string[] = [];

class LockModel extends BaseModel {
  static override table = "locks";

  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}) })
  async *read(ctx: Context) {
    const sse = ctx.createSSE();
    sse.publish("tick", 1);
    try {
      await this.findMany({});
      log.push("read");
    } catch (error) {
      log.push((error as Error).name);
      throw error;
    } finally {
      log.push(`finally ${ctx.signal.reason}`);
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}) })
  async *readAgain(ctx: Context) {
    ctx.createSSE().publish("tick", 1);
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
    log.push(`${(await this.findMany({})).data.length} rows`);
  }
}

describePostgres("a read that the database does not answer", () => {
  let url = "";
  let release: () => Promise<void>;

  beforeAll(async () => {
    const postgres = await usePostgres();
    release = postgres.release;
    url = await postgres.server.createDatabase();
  });
  afterAll(() => release());

  const prepare = async () => {
    log = [];
    const other = openDatabase({ url });
    await sql`drop table if exists locks`.execute(other.kysely);
    await sql`create table locks (id int)`.execute(other.kysely);
    const served = await http1.serve({ models: [new LockModel()], database: { url, pool: { max: 2 } } });
    return { other, served };
  };

  test("ends with the stream of its handler, is cancelled, and gives its connection back", async () => {
    const { other, served } = await prepare();
    const client = served.open("/api/lock/read");
    const held = gate();
    const locked = other.kysely.transaction().execute(async (tx) => {
      await sql`lock table locks in access exclusive mode`.execute(tx);
      await events(client, 1);
      await waitFor(
        async () => {
          const { rows } = await sql`select 1 from pg_locks where not granted`.execute(tx);
          return rows.length === 1;
        },
        { what: "the read to wait for the lock" },
      );
      client.leave();
      await waitFor(() => log.length === 2, { what: "finally" });
      await waitFor(
        async () => (await sql`select 1 from pg_locks where not granted`.execute(tx)).rows.length === 0,
        { what: "the cancellation" },
      );
      await held.promise;
    });
    await waitFor(() => log.length === 2, { what: "finally" });
    expect(log).toEqual(["StreamClosedError", "finally client"]);
    held.open();
    await locked;
    await other.close();
  });

  test("but one that is answered after the client has left is answered as ever", async () => {
    const { other, served } = await prepare();
    const client = served.open("/api/lock/readAgain");
    await events(client, 1);
    client.leave();
    await waitFor(() => log.length === 1, { what: "the read" });
    expect(log).toEqual(["0 rows"]);
    await other.close();
  });
});
