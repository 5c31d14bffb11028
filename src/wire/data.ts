/**
 * Writes a value as JSON on one line: dates as ISO 8601, bigints as decimal strings, `undefined` as `null`.
 * JSON escapes CR and LF, so no value can end the line; lone surrogates are escaped too.
 *
 * @throws TypeError for a value that refers to itself.
 */
export function stringifyData(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "null";
  } catch (error) {
    // A replacer makes every call several times slower, so it is used only where there is a bigint.
    if (!(error instanceof TypeError)) throw error;
    return JSON.stringify(value, bigintToString) ?? "null";
  }
}

function bigintToString(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
