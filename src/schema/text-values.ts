// Reads the text of a query string, and the strings of a JSON body, as values of the types that neither can
// carry. Each reader gives `undefined` for text that does not stand for such a value exactly: nothing is
// rounded, trimmed or guessed.

const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d{1,4})?$/;
const INTEGER = /^-?\d+$/;

/** Bound on the digits of a bigint: parsing costs more than linear time. */
const BIGINT_DIGITS = 1000;

/**
 * Reads a decimal number. Blank text, blanks around it, `0x…`, `Infinity` and `NaN` are none, and neither is
 * an integer that a double cannot hold, such as 9007199254740993.
 */
export function readNumber(text: string): number | undefined {
  if (!DECIMAL.test(text)) return undefined;
  const value = Number(text);
  if (!Number.isFinite(value)) return undefined;
  if (INTEGER.test(text) && !Number.isSafeInteger(value) && BigInt(text) !== BigInt(value)) return undefined;
  return value;
}

/** Reads `true`, `1`, `false` or `0`. */
export function readBoolean(text: string): boolean | undefined {
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

/** Reads a decimal integer of up to 1,000 digits. */
export function readBigint(text: string): bigint | undefined {
  return INTEGER.test(text) && text.length <= BIGINT_DIGITS ? BigInt(text) : undefined;
}

/** A blank instead of the `+` of an offset is what a `+` in a query turns into when it was not escaped. */
const DATE =
  /^(\d{4}|[+-]\d{6})-(\d\d)-(\d\d)(?:[Tt](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:([Zz])|([+ -])(\d\d):?(\d\d))?)?$/;

/**
 * Reads an ISO 8601 date, or epoch milliseconds. Without an offset it is UTC, so that it means the same on
 * every server; a date alone is its first instant. Days, hours and offsets that do not exist are refused
 * rather than carried over, and digits beyond the millisecond are cut off.
 */
export function readDate(text: string): Date | undefined {
  if (INTEGER.test(text)) return toValidDate(Number(text));
  const match = DATE.exec(text);
  if (!match) return undefined;
  const [
    ,
    yearText,
    monthText,
    dayText,
    hours,
    minutes,
    seconds,
    fraction,
    ,
    sign,
    offsetHours,
    offsetMinutes,
  ] = match;
  if (yearText === "-000000") return undefined;
  const [year, month, day] = [Number(yearText), Number(monthText), Number(dayText)];
  const [hour, minute, second] = [Number(hours ?? 0), Number(minutes ?? 0), Number(seconds ?? 0)];
  const [aheadHours, aheadMinutes] = [Number(offsetHours ?? 0), Number(offsetMinutes ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || aheadHours > 23 || aheadMinutes > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // A day that the month does not have carries over into another month.
  if (date.getUTCMonth() !== month - 1) return undefined;
  const ahead = (sign === "-" ? -1 : 1) * (aheadHours * 60 + aheadMinutes);
  const milliseconds = Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
  return toValidDate(date.getTime() + ((hour * 60 + minute - ahead) * 60 + second) * 1000 + milliseconds);
}

function toValidDate(epochMs: number): Date | undefined {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/** Reads JSON; the result is wrapped, since `undefined` tells that the text is none. */
export function readJSON(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}
