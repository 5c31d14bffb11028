import { api, BaseModel, createServer, z, type Context } from "pinestream";
import { sql } from "kysely";
import { expect, onTestFinished, test } from "vitest";

class KeeperModel extends BaseModel<{ id: number; name: string }> {}

class LampModel extends BaseModel {
  @api({ params: z.object({}) })
  async keepers(_ctx: Context) {
    return (await new KeeperModel().findMany({ order: [["id", "ASC"]] })).data;
  }
}

test("a model that no server was given uses the database of the server that runs", async () => {
  const first = await createServer({ models: [LampModel], database: { url: "" } });
  onTestFinished(() => first.close());
  const outside = new KeeperModel();
  await sql`create table keepers (id int primary key, name text)`.execute(outside.db);
  await outside.insert({ id: 1, name: "Ida" });
  expect((await first.inject("/api/lamp/keepers")).json()).toEqual([{ id: 1, name: "Ida" }]);

  // A second server's database is its own models' alone; the first one's stays the process's.
  const second = await createServer({ models: [LampModel], database: { url: "" } });
  expect(await outside.count()).toBe(1);
  await second.close();
  expect(await outside.count()).toBe(1);

  await first.close();
  await expect(outside.count()).rejects.toThrow(/there is no table "keepers"/);
}, 90_000);
