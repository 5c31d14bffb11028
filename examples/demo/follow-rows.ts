import type { Changes } from "pinestream";
import type { Row } from "./row-position.ts";

/**
 * Gives the rows after an id: first those that are there, then each new one as the database tells of it. Every
 * row comes once and in order. `changes` has to be `ready` before `last` is known, so that nothing falls between;
 * `readAfter` gives some of the rows after an id, in order of their ids, and none when there are no more.
 */
export async function* followRows<Each extends Row>(
  changes: Changes<Each>,
  last: number,
  readAfter: (id: number) => Promise<Each[]>,
): AsyncGenerator<Each> {
  const catchUp = async function* () {
    for (let rows = await readAfter(last); rows.length > 0; rows = await readAfter(last)) {
      for (const row of rows) {
        yield row;
        last = row.id;
      }
    }
  };
  yield* catchUp();
  for await (const change of changes) {
    if (change.gap) yield* catchUp();
    else if (change.type === "insert" && change.row.id > last) {
      yield change.row;
      last = change.row.id;
    }
  }
}
