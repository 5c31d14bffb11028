import { sql, type Expression, type RawBuilder, type SqlBool } from "kysely";

import type { AnyKysely } from "../database/any-kysely.ts";
import { encodeParameter } from "../session/values.ts";

/** Conditions on a row, compiled once; two of the same meaning have the same key. */
export interface Filter {
  readonly key: string;
  readonly condition: RawBuilder<SqlBool>;
}

/** Makes one filter of conditions that all have to hold; `undefined` of none. */
export function toFilter(kysely: AnyKysely, conditions: readonly Expression<SqlBool>[]): Filter | undefined {
  if (conditions.length === 0) return undefined;
  const condition = sql<SqlBool>`coalesce((${sql.join(conditions, sql` and `)}), false)`;
  const { sql: text, parameters } = condition.compile(kysely);
  return { key: JSON.stringify([text, parameters.map(encodeParameter)]), condition };
}
