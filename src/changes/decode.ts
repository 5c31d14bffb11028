// Turns rows as text back into rows, by the database: the same types, the same reading of values and the same
// conditions as in `findMany`, so there is nothing to keep in step. One query for a batch, whoever listens.

import { sql } from "kysely";

import type { AnyKysely } from "../database/any-kysely.ts";
import type { Filter } from "./filter.ts";
import type { SentChange } from "./payload.ts";
import type { RowChange } from "./types.ts";

/** A row as the database gives it. */
export type AnyRow = Record<string, unknown>;

/** What a change is to those with one filter; `undefined` when nothing. */
export type ViewOfChange = RowChange<AnyRow> | undefined;

/** A change, and what it is to whom. */
export interface DecodedChange {
  /** To those who want all. */
  readonly whole: RowChange<AnyRow>;
  /** To those with a filter, by its key. */
  readonly views: ReadonlyMap<string, ViewOfChange>;
}

// With a space, so that no column is likely to have such a name.
const POSITION = "pinestream position";
const MATCH = "pinestream match ";

interface DecodedRow {
  row: AnyRow;
  /** Keys of the filters that it passes. */
  matched: ReadonlySet<string>;
}

/**
 * Decodes changes of one table, in order. @throws the driver's error, as when the table has been altered since.
 * @param table name with its schema, quoted.
 */
export async function decodeChanges(
  kysely: AnyKysely,
  table: string,
  { changes, filters }: { changes: readonly SentChange[]; filters: readonly Filter[] },
): Promise<DecodedChange[]> {
  // Only a filter asks what a row was before.
  const texts = changes.flatMap(({ row, before }) =>
    before === undefined || filters.length === 0 ? [row] : [row, before],
  );
  const rows = await decodeRows(kysely, table, { texts, filters });
  let position = 0;
  return changes.map((change) => {
    const now = rows[position++] as DecodedRow;
    const hasBefore = change.before !== undefined && filters.length > 0;
    const before = hasBefore ? (rows[position++] as DecodedRow) : now;
    const views = new Map(filters.map(({ key }) => [key, view(change.type, { now, before, key })]));
    return { whole: { type: change.type, row: now.row }, views };
  });
}

/** An update across the border of a filter is one that comes or one that goes. */
function view(
  type: SentChange["type"],
  { now, before, key }: { now: DecodedRow; before: DecodedRow; key: string },
): ViewOfChange {
  const [is, was] = [now.matched.has(key), before.matched.has(key)];
  if (type !== "update") return is ? { type, row: now.row } : undefined;
  if (is) return { type: was ? "update" : "insert", row: now.row };
  return was ? { type: "delete", row: before.row } : undefined;
}

/** Lets the database look at a filter. @throws the driver's error when it makes no sense of it. */
export async function checkFilter(kysely: AnyKysely, table: string, filter: Filter): Promise<void> {
  await decodeRows(kysely, table, { texts: [], filters: [filter] });
}

async function decodeRows(
  kysely: AnyKysely,
  table: string,
  { texts, filters }: { texts: readonly string[]; filters: readonly Filter[] },
): Promise<DecodedRow[]> {
  const matches = filters.map(({ condition }, index) => sql`, ${condition} as ${sql.id(MATCH + index)}`);
  const { rows } = await sql<AnyRow>`
    select *${sql.join(matches, sql``)} from (
      select position as ${sql.id(POSITION)}, (decoded).* from (
        select position, text::${sql.raw(table)} as decoded
        from unnest(${sql.val(texts)}::text[]) with ordinality as sent(text, position)
        offset 0
      ) each
    ) changed order by ${sql.id(POSITION)}`.execute(kysely);
  if (rows.length !== texts.length)
    throw new Error(`${texts.length} rows were sent, ${rows.length} came back`);
  return rows.map((row) => {
    const matched = new Set(
      filters.filter((_, index) => row[MATCH + index] === true).map((filter) => filter.key),
    );
    delete row[POSITION];
    for (const index of filters.keys()) delete row[MATCH + index];
    return { row, matched };
  });
}
