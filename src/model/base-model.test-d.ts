// Checked by plain tsc: what must compile does, what must not is expected to fail.

import { BaseModel } from "./base-model.ts";

interface UserRow {
  id: number;
  name: string;
  nickname: string | null;
  created_at: Date;
}

class UserModel extends BaseModel<UserRow> {
  async check(): Promise<void> {
    const all: UserRow[] = (await this.findMany()).data;
    const total: number = (await this.findMany({ count: true })).total;
    const maybe: number | undefined = (await this.findMany({ num: 1 })).total;
    const name: string | undefined = (await this.findMany({ select: ["name"] })).data[0]?.name;
    const one: UserRow | undefined = await this.findOne({ wq: [["name", "Ada"]] });
    const byId: UserRow | undefined = await this.findById(1);
    const inserted: UserRow = await this.insert({ name: "Ada" });
    const several: UserRow[] = await this.insert([{ name: "Ada", nickname: null }]);
    const upserted: UserRow[] = await this.upsert([{ id: 1, name: "Ada" }]);
    const updated: UserRow | undefined = await this.update(1, { nickname: undefined });
    const deleted: number = await this.del([1, 2]);
    const given: string = await this.transaction(async () => "given");
    void [all, total, maybe, name, one, byId, inserted, several, upserted, updated, deleted, given];

    await this.findMany({
      wq: [
        ["id", 1],
        ["nickname", null],
        ["created_at", ">", new Date()],
        ["name", "like", "A%"],
        ["id", "in", [1, 2]],
        ["id", "between", [1, 2]],
        ["nickname", "is-not", null],
      ],
      order: [
        ["created_at", "DESC"],
        ["id", "ASC"],
      ],
      num: 10,
      page: 2,
    });

    // @ts-expect-error -- unknown column
    await this.findMany({ wq: [["nam", "Ada"]] });
    // @ts-expect-error -- unknown operator
    await this.findMany({ wq: [["id", "=>", 1]] });
    // @ts-expect-error -- wrong type of value
    await this.findMany({ wq: [["id", "1"]] });
    // @ts-expect-error -- another column's type
    await this.findMany({ wq: [["created_at", ">", "yesterday"]] });
    // @ts-expect-error -- undefined drops no condition
    await this.findMany({ wq: [["id", undefined]] });
    // @ts-expect-error -- null has no order
    await this.findMany({ wq: [["nickname", ">", null]] });
    // @ts-expect-error -- in takes a list
    await this.findMany({ wq: [["id", "in", 1]] });
    // @ts-expect-error -- unknown direction
    await this.findMany({ order: [["id", "asc"]] });
    // @ts-expect-error -- unknown column selected
    await this.findMany({ select: ["secret"] });
    // @ts-expect-error -- a column that was not selected
    void (await this.findMany({ select: ["name"] })).data[0]?.id;
    // @ts-expect-error -- findOne needs conditions
    await this.findOne({});
    // @ts-expect-error -- an id of another type
    await this.findById("1");
    // @ts-expect-error -- unknown column inserted
    await this.insert({ admin: true });
    // @ts-expect-error -- wrong type of value
    await this.update(1, { name: 1 });
  }
}

/** As in the samples of the seed: no Row, rows of any shape. */
class PostModelClass extends BaseModel {
  async check(userId: number): Promise<void> {
    const posts = await this.findMany({
      wq: [
        ["user_id", userId],
        ["created_at", ">", new Date(Date.now() - 5000)],
      ],
      num: 20,
      order: [["created_at", "DESC"]],
    });
    for (const post of posts.data) {
      const text: string = post.created_at.toISOString();
      void text;
    }
    let last = new Date();
    if (posts.data.length > 0) last = posts.data[0].created_at;
    await this.findMany({ wq: [["created_at", ">", last]], select: ["id"] });
    const total: number = (await this.findMany({ count: true })).total;
    const row = await this.findById(userId);
    const name: string = row.name;
    await this.insert({ anything: 1 });
    await this.update(1, { anything: null });
    await this.db.selectFrom("posts").selectAll().execute();
    void [total, name];

    // @ts-expect-error -- unknown operator
    await this.findMany({ wq: [["id", "=>", 1]] });
    // @ts-expect-error -- unknown direction
    await this.findMany({ order: [["id", "down"]] });
  }
}

class NamedTable extends BaseModel {
  static override table = "somewhere.else";
}

void [UserModel, PostModelClass, NamedTable];
