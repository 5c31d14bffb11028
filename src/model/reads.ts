import { sql, type Expression, type SqlBool } from "kysely";

import { describeUnknown, QueryError, quote } from "../errors/model-errors.ts";
import { findColumn, toConditions, type Subject } from "./conditions.ts";
import { prepare, type Target } from "./target.ts";

/** A row as the database gives it. */
export type AnyRow = Record<string, unknown>;

interface FindOptions {
  wq?: unknown;
  num?: unknown;
  page?: unknown;
  order?: unknown;
  select?: unknown;
  count?: unknown;
}

/** Finds rows; see `BaseModel.findMany`. */
export async function findMany(
  target: Target,
  options: FindOptions,
): Promise<{ data: AnyRow[]; total?: number }> {
  const { conditions, query } = await prepare(target, (subject) => {
    const conditions = toConditions(subject, options.wq);
    return { conditions, query: buildSelect(target, subject, { ...options, conditions }) };
  });
  const data = await query.execute(target.abort);
  if (options.count !== true) return { data };
  return { data, total: await countWhere(target, conditions) };
}

/** Finds a row; see `BaseModel.findOne`. */
export async function findOne(target: Target, options: FindOptions): Promise<AnyRow | undefined> {
  if (options.wq === undefined) {
    throw new QueryError(
      target.model,
      "findOne needs wq. Give the conditions, or [] for the first row of all.",
    );
  }
  const query = await prepare(target, (subject) => {
    const conditions = toConditions(subject, options.wq);
    return buildSelect(target, subject, { conditions, order: options.order, num: 1 });
  });
  return await query.executeTakeFirst(target.abort);
}

/** Finds a row; see `BaseModel.findById`. */
export async function findById(target: Target, id: unknown): Promise<AnyRow | undefined> {
  assertId(target, id);
  const query = await prepare(target, (subject) =>
    buildSelect(target, subject, { conditions: toConditions(subject, [["id", "=", id]]) }),
  );
  return await query.executeTakeFirst(target.abort);
}

/** Counts rows; see `BaseModel.count`. */
export async function count(target: Target, wq: unknown): Promise<number> {
  return await countWhere(target, await prepare(target, (subject) => toConditions(subject, wq)));
}

/** Refuses what is no id, lest a forgotten one finds or changes other rows. @throws QueryError */
export function assertId({ model }: Target, id: unknown): void {
  if (id === undefined || id === null) throw new QueryError(model, `the id is ${id}. Pass the id of a row.`);
}

async function countWhere(
  { kysely, table, abort }: Target,
  conditions: readonly Expression<SqlBool>[],
): Promise<number> {
  let query = kysely.selectFrom(table).select(sql<number>`count(*)`.as("total"));
  for (const condition of conditions) query = query.where(condition);
  return Number((await query.executeTakeFirstOrThrow(abort)).total);
}

interface SelectOptions extends Omit<FindOptions, "wq"> {
  conditions: readonly Expression<SqlBool>[];
}

function buildSelect({ kysely, table, model }: Target, subject: Subject, options: SelectOptions) {
  const names = toSelection(subject, options.select);
  const all = kysely.selectFrom(table);
  let query = (
    names ? all.select(names.map((name) => sql.id(name).as(name))) : all.selectAll()
  ).$castTo<AnyRow>();
  for (const condition of options.conditions) query = query.where(condition);
  for (const [name, direction] of toOrder(subject, options.order))
    query = query.orderBy(sql.id(name), direction);
  const num = options.num === undefined ? undefined : toWhole(model, "num", options.num, 0);
  const page = options.page === undefined ? 1 : toWhole(model, "page", options.page, 1);
  if (num === undefined) {
    if (page > 1)
      throw new QueryError(model, `page ${page} of what? Give num, the number of rows on a page.`);
    return query;
  }
  return query.limit(num).$if(page > 1, (paged) => paged.offset((page - 1) * num));
}

function toSelection(subject: Subject, select: unknown): string[] | undefined {
  if (select === undefined) return undefined;
  if (!Array.isArray(select) || select.length === 0) {
    throw new QueryError(
      subject.model,
      `select is ${quote(select)}. Give a list of columns, or leave it out for all.`,
    );
  }
  return [...new Set(select.map((name: unknown) => findColumn(subject, name).name))];
}

function toOrder(subject: Subject, order: unknown): [string, "asc" | "desc"][] {
  if (order === undefined) return [];
  if (!Array.isArray(order)) {
    throw new QueryError(subject.model, `order is ${quote(order)}. Give a list: [["created_at", "DESC"]].`);
  }
  return order.map((item: unknown) => {
    if (!Array.isArray(item) || item.length !== 2) {
      throw new QueryError(subject.model, `${quote(item)} in order is not [column, "ASC" | "DESC"].`);
    }
    const { name } = findColumn(subject, item[0]);
    const direction: unknown = item[1];
    if (direction === "ASC") return [name, "asc"];
    if (direction === "DESC") return [name, "desc"];
    throw new QueryError(
      subject.model,
      describeUnknown(`for column "${name}" the direction`, direction, ["ASC", "DESC"]),
    );
  });
}

function toWhole(model: string, name: string, value: unknown, least: number): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new QueryError(model, `${name} is ${quote(value)}. Give a whole number from ${least} on.`);
}
