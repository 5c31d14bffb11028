import { copyTimestamp } from "../session/timestamps.ts";
import type { AnyRow } from "./decode.ts";

/** Copies a row and all that it holds. */
export function copyRow(row: AnyRow): AnyRow {
  return copyObject(row);
}

/** The values are those that `session/values.ts` makes: JSON, arrays, Dates, bytes, and what needs no copy. */
function copyValue(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(copyValue);
  if (value instanceof Date) return copyTimestamp(value);
  if (Buffer.isBuffer(value)) return Buffer.from(value);
  return copyObject(value as AnyRow);
}

function copyObject(object: AnyRow): AnyRow {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, copyValue(value)]));
}
