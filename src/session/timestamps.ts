// PostgreSQL counts microseconds, a Date milliseconds. A Date that came from the database remembers what it
// could not hold, and gives it back when it is bound as a parameter, so that `created_at > row.created_at`
// neither repeats nor skips a row. The memory is void once somebody has set the Date to another time.

import postgresDate from "postgres-date";

// Its types name the function `default`, which for a CommonJS module is not what Node imports.
const parseDate = postgresDate as unknown as (text: string) => Date | number | null;

interface Memory {
  time: number;
  text: string;
}

const memories = new WeakMap<Date, Memory>();

/** Parses a timestamp's text; one without zone is UTC. `±Infinity` for PostgreSQL's `infinity`. */
export function parseTimestamp(text: string, zone: "inText" | "utc"): Date | number {
  const full = zone === "utc" ? beforeEra(text, "+00") : text;
  const value = parseDate(full);
  if (typeof value === "number") return value;
  // Beyond the year 275760, where Dates end and PostgreSQL goes on.
  const date = value ?? new Date(Number.NaN);
  const fraction = /\.\d{3}(\d+)/.exec(full)?.[1] ?? "";
  if (Number.isNaN(date.getTime())) memories.set(date, { time: Number.NaN, text: full });
  else if (/[1-9]/.test(fraction)) {
    memories.set(date, { time: date.getTime(), text: formatUTC(date, fraction.padEnd(3, "0")) });
  }
  return date;
}

/** Parses a date's text to the midnight, in UTC, that it begins with. */
export function parseCalendarDate(text: string): Date | number {
  return text.endsWith("infinity")
    ? parseTimestamp(text, "inText")
    : parseTimestamp(beforeEra(text, " 00:00:00"), "utc");
}

/** Writes a Date as a timestamp that every PostgreSQL session reads alike. `undefined` for an invalid one. */
export function formatTimestamp(date: Date): string | undefined {
  const memory = memories.get(date);
  if (memory && Object.is(memory.time, date.getTime())) return memory.text;
  return Number.isNaN(date.getTime()) ? undefined : formatUTC(date, "");
}

/** Copies a Date, with what it could not hold. */
export function copyTimestamp(date: Date): Date {
  const copy = new Date(date);
  const memory = memories.get(date);
  if (memory) memories.set(copy, memory);
  return copy;
}

function formatUTC(date: Date, microseconds: string): string {
  const year = date.getUTCFullYear();
  const number = (value: number, length = 2) => String(value).padStart(length, "0");
  const day = `${number(year > 0 ? year : 1 - year, 4)}-${number(date.getUTCMonth() + 1)}-${number(date.getUTCDate())}`;
  const time = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()]
    .map((part) => number(part))
    .join(":");
  return `${day} ${time}.${number(date.getUTCMilliseconds(), 3)}${microseconds}+00${year > 0 ? "" : " BC"}`;
}

function beforeEra(text: string, insert: string): string {
  if (text.endsWith("infinity")) return text;
  return text.endsWith(" BC") ? `${text.slice(0, -3)}${insert} BC` : text + insert;
}
