import { stringifyData } from "./data.ts";

/**
 * Writes parameters as a query string, without `?` and in their own order: an array repeats its key,
 * dates are ISO 8601, bigints decimal, objects and arrays within arrays JSON. What is `undefined` is left out;
 * an empty array has no form in a query and is left out too.
 */
export function formatQuery(parameters: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const item of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (item !== undefined) query.append(name, formatItem(item));
    }
  }
  return query.toString();
}

/** Writes one value as the text that stands for it in a query or a path. */
export function formatItem(value: unknown): string {
  const text = stringifyData(value);
  // A string, a date or a bigint by itself: not as a JSON string, but bare.
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
