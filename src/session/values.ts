// One reading and one writing of values for both databases: drivers carry text only, and what it means is
// decided here, by the type's number in PostgreSQL's catalogue (`select oid, typname from pg_type`).

import { DatabaseError } from "../errors/model-errors.ts";
import { formatArrayText, parseArrayText } from "./array-text.ts";
import { formatTimestamp, parseCalendarDate, parseTimestamp } from "./timestamps.ts";

type Parse = (text: string) => unknown;

const asIs: Parse = (text) => text;

/** Type number, number of its array type, reading. What is not listed stays the text that PostgreSQL writes. */
const TYPES: readonly (readonly [number, number, Parse])[] = [
  [16, 1000, (text) => text === "t"],
  [17, 1001, (text) => Buffer.from(text.slice(2), "hex")],
  [20, 1016, parseBigInteger],
  [21, 1005, Number],
  [23, 1007, Number],
  [26, 1028, Number],
  [700, 1021, Number],
  [701, 1022, Number],
  [114, 199, JSON.parse as Parse],
  [3802, 3807, JSON.parse as Parse],
  [1082, 1182, parseCalendarDate],
  [1114, 1115, (text) => parseTimestamp(text, "utc")],
  [1184, 1185, (text) => parseTimestamp(text, "inText")],
  // As text: numeric (its digits are exact), text, varchar, bpchar, "char", name, uuid, interval, time, timetz,
  // inet, cidr, macaddr, money, bit, varbit, xml.
  [1700, 1231, asIs],
  [25, 1009, asIs],
  [1043, 1015, asIs],
  [1042, 1014, asIs],
  [18, 1002, asIs],
  [19, 1003, asIs],
  [2950, 2951, asIs],
  [1186, 1187, asIs],
  [1083, 1183, asIs],
  [1266, 1270, asIs],
  [869, 1041, asIs],
  [650, 651, asIs],
  [829, 1040, asIs],
  [790, 791, asIs],
  [1560, 1561, asIs],
  [1562, 1563, asIs],
  [142, 143, asIs],
];

const parsers = new Map<number, Parse>();
for (const [type, arrayType, parse] of TYPES) {
  parsers.set(type, parse);
  parsers.set(arrayType, (text) => parseArrayText(text, parse));
}

/** Gives the reading of a type, by its number. */
export function parserOf(type: number): Parse {
  return parsers.get(type) ?? asIs;
}

function parseBigInteger(text: string): number | bigint {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : BigInt(text);
}

/**
 * Writes a parameter as PostgreSQL reads it: Dates as UTC to the microsecond, bytes as hex, arrays as array
 * text, other objects as JSON. Null and undefined are NULL.
 *
 * @throws DatabaseError for what has no text (an invalid Date, a function, a symbol).
 */
export function encodeParameter(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      return encodeObject(value);
    default:
      throw new DatabaseError(`A ${typeof value} cannot be a query's parameter. Pass its value.`);
  }
}

function encodeObject(value: object): string {
  if (value instanceof Date) {
    const text = formatTimestamp(value);
    if (text === undefined) {
      throw new DatabaseError(
        "An invalid Date cannot be a query's parameter. Check it with Number.isNaN(date.getTime()).",
      );
    }
    return text;
  }
  if (ArrayBuffer.isView(value)) {
    return `\\x${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")}`;
  }
  if (value instanceof ArrayBuffer) return `\\x${Buffer.from(value).toString("hex")}`;
  if (Array.isArray(value)) return formatArrayText(value, encodeParameter);
  return JSON.stringify(value);
}
