import { describe, expect, test } from "vitest";

import { take, useBoats, type BoatRow } from "../../test/helpers/changes.ts";
import { describeDatabases } from "../../test/helpers/databases.ts";
import { waitFor } from "../../test/helpers/wait-for.ts";
import { QueryError } from "../errors/model-errors.ts";
import { BaseModel } from "../model/base-model.ts";
import type { Conditions } from "../model/types.ts";

describeDatabases("changes with wq", (db) => {
  const { boats, bind, listen } = useBoats(db);

  test("with wq: what an update brings in is an insert, what it takes out is a delete", async () => {
    const changes = await listen(boats, { wq: [["berth", ">", 5]] });
    const other = await listen(boats, { wq: [["name", "like", "S%"]] });
    const all = await listen(boats);
    await boats.insert({ id: 1, name: "Swift", berth: 1 });
    await boats.update(1, { berth: 6 });
    await boats.update(1, { name: "Gull", berth: 7 });
    await boats.update(1, { berth: null });
    await boats.update(1, { berth: 8 });
    await boats.del(1);
    const row = { id: 1, name: "Gull", berth: 7 };
    expect(await take(changes, 5)).toEqual([
      { type: "insert", row: { id: 1, name: "Swift", berth: 6 } },
      { type: "update", row },
      { type: "delete", row },
      { type: "insert", row: { ...row, berth: 8 } },
      { type: "delete", row: { ...row, berth: 8 } },
    ]);
    expect(await take(other, 3)).toEqual([
      { type: "insert", row: { id: 1, name: "Swift", berth: 1 } },
      { type: "update", row: { id: 1, name: "Swift", berth: 6 } },
      { type: "delete", row: { id: 1, name: "Swift", berth: 6 } },
    ]);
    expect((await take(all, 6)).map((change) => change.type)).toEqual([
      "insert",
      ...Array.from({ length: 4 }, () => "update"),
      "delete",
    ]);
  });

  describe("what findMany gave and the changes with the same wq are what findMany gives", () => {
    const filters: Conditions<BoatRow>[] = [
      [],
      [["berth", 3]],
      [["berth", "=", null]],
      [["berth", "!=", 3]],
      [["berth", "<>", null]],
      [["berth", ">", 3]],
      [["berth", ">=", 3]],
      [["berth", "<", 3]],
      [["berth", "<=", 3]],
      [["name", "like", "boat 1%"]],
      [["name", "ilike", "BOAT _"]],
      [["berth", "in", [1, 3, null]]],
      [["berth", "in", []]],
      [["berth", "not-in", [1, 3]]],
      [["berth", "not-in", [null]]],
      [["berth", "is", null]],
      [["berth", "is", 3]],
      [["berth", "is-not", 3]],
      [["berth", "between", [2, 4]]],
      [
        ["berth", ">", 1],
        ["name", "!=", "boat 2"],
        ["id", "<", 15],
      ],
    ];
    const seed = Math.floor(Math.random() * 2 ** 31);
    test(`for every operator (seed ${seed})`, async () => {
      const random = mulberry32(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const berth = (): number | null => (pick(4) === 0 ? null : pick(6));
      await boats.insert(
        Array.from({ length: 20 }, (_, id) => ({ id, name: `boat ${pick(20)}`, berth: berth() })),
      );
      const views = [];
      for (const wq of filters) {
        const changes = await listen(boats, { wq });
        const rows = new Map((await boats.findMany({ wq })).data.map((row) => [row.id, row]));
        views.push({ wq, changes, rows });
      }
      for (let step = 0; step < 60; step++) {
        const id = pick(20);
        const row = { id, name: `boat ${pick(20)}`, berth: berth() };
        if (pick(4) === 0) await boats.del(id);
        else if (pick(3) === 0)
          await boats.transaction(() => boats.upsert([row, { id: pick(20), name: "boat 1", berth: 1 }]));
        else await boats.upsert(row);
      }
      for (const { wq, changes, rows } of views) {
        const expected = (await boats.findMany({ wq, order: [["id", "ASC"]] })).data;
        const now = () => [...rows.values()].toSorted((a, b) => a.id - b.id);
        const follow = async () => {
          for await (const change of changes) {
            expect(change.gap).toBeUndefined();
            if (change.gap) continue;
            if (change.type === "insert") expect(rows.has(change.row.id)).toBe(false);
            else expect(rows.has(change.row.id)).toBe(true);
            if (change.type === "delete") rows.delete(change.row.id);
            else rows.set(change.row.id, change.row);
          }
        };
        const following = follow();
        await waitFor(() => JSON.stringify(now()) === JSON.stringify(expected), {
          what: () => `${JSON.stringify(wq)}: ${JSON.stringify(now())} to become ${JSON.stringify(expected)}`,
        });
        await changes.return();
        await following;
      }
    });
  });

  test("refuses a wq that findMany refuses, and one that the database refuses", async () => {
    const wrong = [
      [["berht", 1]],
      [["berth", "~", 1]],
      [["berth", "=", undefined]],
      "id = 1",
    ] as unknown as Conditions<BoatRow>[];
    for (const wq of wrong) {
      const refusal = await boats.findMany({ wq }).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(QueryError);
      await expect(boats.changes({ wq }).ready()).rejects.toThrow((refusal as Error).message);
      await expect(boats.changes({ wq }).next()).rejects.toThrow((refusal as Error).message);
    }
    const likeNumber = boats.changes({ wq: [["berth", "like", "1%"]] });
    await expect(likeNumber.ready()).rejects.toMatchObject({ code: "42883" });
    await expect(likeNumber.next()).rejects.toMatchObject({ code: "42883" });
    expect(await likeNumber.next()).toEqual({ done: true, value: undefined });
    class NoneModel extends BaseModel {}
    await expect(bind(new NoneModel()).changes().ready()).rejects.toThrow(/there is no table "nones"/);
  });
});

/** A small generator of random numbers that a seed repeats. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
