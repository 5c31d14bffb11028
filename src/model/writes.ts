import { sql } from "kysely";

import { QueryError, quote } from "../errors/model-errors.ts";
import { findColumn, toColumnValue, toConditions, type Subject } from "./conditions.ts";
import { assertId, findById, type AnyRow } from "./reads.ts";
import { prepare, type Target } from "./target.ts";

/** PostgreSQL counts a statement's parameters in 16 bits. */
const MAX_PARAMETERS = 65_535;
/** Statements of more rows than this take longer to compile than to run. */
const MAX_ROWS = 1_000;

/** Inserts a row or several; see `BaseModel.insert`. */
export async function insert(target: Target, rows: unknown): Promise<AnyRow | AnyRow[]> {
  const batches = await prepare(target, (subject) => toBatches(toRecords(subject, rows), fitsInsert));
  const inserted = await runAll(target, batches, insertBatch);
  return Array.isArray(rows) ? inserted : firstOf(target, inserted);
}

/** Inserts rows or changes those that are there; see `BaseModel.upsert`. */
export async function upsert(target: Target, rows: unknown): Promise<AnyRow | AnyRow[]> {
  const batches = await prepare(target, (subject) => {
    findColumn(subject, "id");
    return toBatches(toRecords(subject, rows), fitsUpsert);
  });
  const upserted = await runAll(target, batches, upsertBatch);
  return Array.isArray(rows) ? upserted : firstOf(target, upserted);
}

/** Changes a row; see `BaseModel.update`. */
export async function update(target: Target, id: unknown, patch: unknown): Promise<AnyRow | undefined> {
  assertId(target, id);
  const query = await prepare(target, (subject) => {
    const [condition] = toConditions(subject, [["id", "=", id]]);
    const values = toRecord(subject, patch);
    if (!condition || Object.keys(values).length === 0) return undefined;
    return target.kysely.updateTable(target.table).set(values).where(condition).returningAll();
  });
  return query ? ((await query.executeTakeFirst()) as AnyRow | undefined) : await findById(target, id);
}

/** Deletes rows; see `BaseModel.del`. */
export async function del(target: Target, id: unknown): Promise<number> {
  const ids: unknown[] = Array.isArray(id) ? id : [id];
  for (const each of ids) assertId(target, each);
  if (ids.length === 0) return 0;
  const query = await prepare(target, (subject) => {
    let query = target.kysely.deleteFrom(target.table);
    for (const condition of toConditions(subject, [["id", "in", ids]])) query = query.where(condition);
    return query;
  });
  return Number((await query.executeTakeFirst()).numDeletedRows);
}

/** The values of one row by column, readied; what was undefined is left out. */
type Values = Record<string, unknown>;

function toRecords(subject: Subject, rows: unknown): Values[] {
  return (Array.isArray(rows) ? rows : [rows]).map((row: unknown) => toRecord(subject, row));
}

function toRecord(subject: Subject, row: unknown): Values {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw new QueryError(subject.model, `${quote(row)} is no row. Give an object with columns as keys.`);
  }
  const values: [string, unknown][] = [];
  for (const [name, value] of Object.entries(row)) {
    const column = findColumn(subject, name);
    if (value === undefined) continue;
    try {
      values.push([name, toColumnValue(column, value)]);
    } catch (cause) {
      const problem = cause instanceof Error ? cause.message : String(cause);
      throw new QueryError(subject.model, `column "${name}" cannot take ${quote(value)}: ${problem}`, {
        cause,
      });
    }
  }
  return Object.fromEntries(values);
}

/** Cuts rows into statements, in order; `fits` tells whether a row may go with those before it. */
function toBatches(
  rows: readonly Values[],
  fits: (row: Values, batch: readonly Values[]) => boolean,
): Values[][] {
  const batches: Values[][] = [];
  let batch: Values[] = [];
  let columns = new Set<string>();
  for (const row of rows) {
    const together = new Set([...columns, ...Object.keys(row)]);
    const parameters = together.size * (batch.length + 1);
    const full = batch.length >= MAX_ROWS || parameters > MAX_PARAMETERS || !fits(row, batch);
    if (batch.length === 0 || full) {
      batch = [];
      batches.push(batch);
      columns = new Set(Object.keys(row));
    } else columns = together;
    batch.push(row);
  }
  return batches;
}

/** Of rows that are all defaults PostgreSQL takes one at a time. */
function fitsInsert(row: Values, batch: readonly Values[]): boolean {
  return [row, ...batch].every((each) => Object.keys(each).length > 0);
}

/**
 * A row that leaves a column out must not set it, so all rows of an upsert have the same columns; and
 * PostgreSQL refuses one that has an id twice.
 */
function fitsUpsert(row: Values, batch: readonly Values[]): boolean {
  const [first] = batch;
  if (!first) return true;
  if (!fitsInsert(row, batch)) return false;
  const names = Object.keys(row);
  const sameColumns =
    names.length === Object.keys(first).length && names.every((name) => Object.hasOwn(first, name));
  return (
    sameColumns &&
    (row["id"] === undefined || batch.every((other) => String(other["id"]) !== String(row["id"])))
  );
}

type RunBatch = (target: Target, rows: readonly Values[]) => Promise<AnyRow[]>;

async function runAll(target: Target, batches: readonly Values[][], run: RunBatch): Promise<AnyRow[]> {
  const [first] = batches;
  if (!first) return [];
  if (batches.length === 1) return await run(target, first);
  return await target.transact(async (kysely) => {
    const rows: AnyRow[] = [];
    for (const batch of batches) rows.push(...(await run({ ...target, kysely }, batch)));
    return rows;
  });
}

async function insertBatch(target: Target, rows: readonly Values[]): Promise<AnyRow[]> {
  return await toInsert(target, rows).returningAll().execute();
}

async function upsertBatch(target: Target, rows: readonly Values[]): Promise<AnyRow[]> {
  const names = Object.keys(rows[0] ?? {});
  if (!names.includes("id")) return await insertBatch(target, rows);
  const changed = names.length > 1 ? names.filter((name) => name !== "id") : names;
  const set = Object.fromEntries(changed.map((name) => [name, sql`excluded.${sql.id(name)}`]));
  return await toInsert(target, rows)
    .onConflict((conflict) => conflict.column("id").doUpdateSet(set))
    .returningAll()
    .execute();
}

function toInsert({ kysely, table }: Target, rows: readonly Values[]) {
  const onlyDefaults = rows.every((row) => Object.keys(row).length === 0);
  return onlyDefaults ? kysely.insertInto(table).defaultValues() : kysely.insertInto(table).values([...rows]);
}

function firstOf({ model, table }: Target, rows: readonly AnyRow[]): AnyRow {
  const [row] = rows;
  if (row) return row;
  throw new QueryError(
    model,
    `the database took no row for "${table}"; a trigger or rule of the table refused it.`,
  );
}
