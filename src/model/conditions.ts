import { sql, type Expression, type SqlBool } from "kysely";

import { describeUnknown, QueryError, quote } from "../errors/model-errors.ts";
import type { ColumnInfo, Columns } from "../database/catalog.ts";
import { encodeParameter } from "../session/values.ts";

/** The model and table that a query is about, with what is known of the table. */
export interface Subject {
  /** Class name, for messages. */
  model: string;
  table: string;
  columns: Columns;
}

const COMPARISONS = new Map(
  ["=", "!=", "<>", ">", ">=", "<", "<="].map((operator) => [operator, sql.raw(operator)]),
);
const OPERATORS = [...COMPARISONS.keys(), "like", "ilike", "in", "not-in", "is", "is-not", "between"];

/** Turns `wq` into SQL with every value bound. @throws QueryError for what cannot be meant. */
export function toConditions(subject: Subject, wq: unknown): Expression<SqlBool>[] {
  if (wq === undefined) return [];
  if (!Array.isArray(wq)) {
    throw new QueryError(
      subject.model,
      `wq is ${quote(wq)}. Give a list of conditions: [["id", 1], ["title", "like", "A%"]].`,
    );
  }
  return wq.map((condition: unknown) => toCondition(subject, condition));
}

function toCondition(subject: Subject, condition: unknown): Expression<SqlBool> {
  if (!Array.isArray(condition) || (condition.length !== 2 && condition.length !== 3)) {
    throw new QueryError(
      subject.model,
      `the condition ${quote(condition)} in wq is neither [column, value] nor [column, operator, value].`,
    );
  }
  const column = findColumn(subject, condition[0]);
  const operator: unknown = condition.length === 2 ? "=" : condition[1];
  const value: unknown = condition.at(-1);
  if (typeof operator !== "string" || !OPERATORS.includes(operator)) {
    throw new QueryError(
      subject.model,
      describeUnknown(`for column "${column.name}" the operator`, operator, OPERATORS),
    );
  }
  const refuse = (problem: string): QueryError =>
    new QueryError(subject.model, `["${column.name}", "${operator}", ${quote(value)}] in wq: ${problem}`);
  if (value === undefined) {
    throw refuse(
      "the value is undefined. Leave the condition out to find all, or pass null to find what has no value.",
    );
  }
  return compare({ column, operator, value, refuse });
}

interface Comparison {
  column: ColumnInfo;
  operator: string;
  value: unknown;
  refuse(problem: string): QueryError;
}

function compare({ column, operator, value, refuse }: Comparison): Expression<SqlBool> {
  const name = sql.id(column.name);
  switch (operator) {
    case "in":
    case "not-in":
      return isIn({ column, operator, value, refuse });
    case "between": {
      if (!Array.isArray(value) || value.length !== 2) throw refuse("between takes [lowest, highest].");
      const [low, high] = value.map((bound) => bindOne(column, bound, refuse));
      return sql<SqlBool>`${name} between ${low} and ${high}`;
    }
    case "like":
    case "ilike":
      if (typeof value !== "string") throw refuse("the pattern has to be a string.");
      return operator === "like" ? sql<SqlBool>`${name} like ${value}` : sql<SqlBool>`${name} ilike ${value}`;
    case "is":
    case "is-not": {
      const bound = value === null ? sql.raw("null") : bindOne(column, value, refuse);
      if (value === null)
        return operator === "is" ? sql<SqlBool>`${name} is null` : sql<SqlBool>`${name} is not null`;
      return operator === "is"
        ? sql<SqlBool>`${name} is not distinct from ${bound}`
        : sql<SqlBool>`${name} is distinct from ${bound}`;
    }
    default: {
      if (value === null) {
        if (operator === "=") return sql<SqlBool>`${name} is null`;
        if (operator === "!=" || operator === "<>") return sql<SqlBool>`${name} is not null`;
      }
      return sql<SqlBool>`${name} ${COMPARISONS.get(operator)} ${bindOne(column, value, refuse)}`;
    }
  }
}

function isIn({ column, operator, value, refuse }: Comparison): Expression<SqlBool> {
  if (!Array.isArray(value)) throw refuse("the value has to be an array.");
  const name = sql.id(column.name);
  const isNot = operator === "not-in";
  // `x in (…, null)` never finds a NULL, and `x not in (…, null)` never anything; both are traps here.
  const hasNull = value.includes(null);
  const values = value.filter((item) => item !== null).map((item) => bindOne(column, item, refuse));
  // One array for all values has no limit to their number; arrays in an array would lose their borders.
  const found =
    values.length === 0
      ? sql<SqlBool>`false`
      : column.kind === "array"
        ? sql<SqlBool>`${name} in (${sql.join(values)})`
        : sql<SqlBool>`${name} = any(${sql.val(values)})`;
  if (!isNot) return hasNull ? sql<SqlBool>`(${found} or ${name} is null)` : found;
  if (hasNull) return sql<SqlBool>`(not (${found}) and ${name} is not null)`;
  return values.length === 0 ? sql<SqlBool>`true` : sql<SqlBool>`not (${found})`;
}

/** Readies one value that stands for itself, not for a list or for nothing. */
function bindOne(column: ColumnInfo, value: unknown, refuse: (problem: string) => QueryError): unknown {
  if (value === undefined) throw refuse("one of the values is undefined.");
  if (value === null) throw refuse("null cannot be compared this way. Use = or != with null.");
  if (Array.isArray(value) && column.kind === "plain") {
    throw refuse('the value is an array, the column is not. Use "in" to find any of several values.');
  }
  try {
    return toColumnValue(column, value);
  } catch (cause) {
    throw refuse(cause instanceof Error ? cause.message : String(cause));
  }
}

/** Readies a value for a column. @throws Error for an invalid Date and for what JSON cannot hold. */
export function toColumnValue(column: ColumnInfo, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (column.kind === "json") {
    const text: string | undefined = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`a ${typeof value} has no form in JSON.`);
    return text;
  }
  if (value instanceof Date) encodeParameter(value);
  return value;
}

/** Finds a column by name. @throws QueryError with the table's columns. */
export function findColumn({ model, table, columns }: Subject, name: unknown): ColumnInfo {
  const column = typeof name === "string" ? columns.get(name) : undefined;
  if (column) return column;
  throw new QueryError(model, `table "${table}": ${describeUnknown("column", name, [...columns.keys()])}`, {
    unknownColumn: String(name),
  });
}
