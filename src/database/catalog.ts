import { sql } from "kysely";

import type { AnyKysely } from "./any-kysely.ts";

/** What the database says of a column, as far as binding values needs it. */
export interface ColumnInfo {
  name: string;
  /** How values are handed over: JSON columns take any value as JSON, arrays take arrays as such. */
  kind: "json" | "array" | "plain";
}

/** The columns of one table by name, in the table's order. */
export type Columns = ReadonlyMap<string, ColumnInfo>;

/** Columns of one database's tables, each read once. */
export class Catalog {
  readonly #tables = new Map<string, Columns>();

  /** Gives a table's columns; none when there is no such table, which is not remembered. */
  async columns(kysely: AnyKysely, table: string): Promise<Columns> {
    return this.#tables.get(table) ?? (await this.reread(kysely, table));
  }

  /** Reads a table's columns anew, because a migration may have changed them. */
  async reread(kysely: AnyKysely, table: string): Promise<Columns> {
    // Only results are shared: a read that fails with its transaction must not fail others.
    const columns = await readColumns(kysely, table);
    if (columns.size > 0) this.#tables.set(table, columns);
    else this.#tables.delete(table);
    return columns;
  }

  /** Forgets everything. */
  clear(): void {
    this.#tables.clear();
  }
}

async function readColumns(kysely: AnyKysely, table: string): Promise<Columns> {
  const { rows } = await sql<ColumnInfo>`
    select a.attname::text as name,
      case when b.typname in ('json', 'jsonb') then 'json' when b.typcategory = 'A' then 'array' else 'plain' end as kind
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_type t on t.oid = a.atttypid
    join pg_catalog.pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
    where a.attrelid = to_regclass(${quoteTable(table)}) and a.attnum > 0 and not a.attisdropped
    order by a.attnum`.execute(kysely);
  return new Map(rows.map((column) => [column.name, column]));
}

/** Quotes a table's name, part by part where it has its schema before a dot. */
export function quoteTable(table: string): string {
  return table
    .split(".")
    .map((part) => `"${part.replace(/"/g, '""')}"`)
    .join(".");
}
