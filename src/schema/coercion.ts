// The words that the coercion of single schemas and of unions have in common.

import { type core, safeParse } from "zod";
import type { Issue } from "../errors/base.ts";

/**
 * How a raw value is written: `query` as a query parser gives it, with an array where a key is repeated;
 * `text` as a single string of it, where an array is one JSON value; `json` as `JSON.parse` gives it.
 */
export type Notation = "query" | "text" | "json";

/** Where the walk stands, and what it has found wrong so far. */
export interface Coercion {
  notation: Notation;
  path: readonly (string | number)[];
  issues: Issue[];
}

/** Longest text of a request that an issue repeats. */
const QUOTED_LENGTH = 60;

/** Tells whether a schema takes a string as it comes, whatever it says. */
export function takesText(schema: core.$ZodType): boolean {
  const { def } = (unwrap(schema) as core.$ZodTypes)._zod;
  if (def.type === "union") return def.options.some(takesText);
  return ["string", "template_literal", "any", "unknown", "custom", "transform"].includes(def.type);
}

/** Follows the wrappers around a schema that leave open what is inside. */
export function unwrap(schema: core.$ZodType): core.$ZodType {
  const { def } = (schema as core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
    case "catch":
    case "success":
    case "promise":
      return unwrap(def.innerType);
    case "lazy":
      return unwrap(innerOf(schema));
    case "pipe":
      return unwrap(def.in);
    default:
      return schema;
  }
}

/** Gives what a lazy schema stands for, as zod keeps it: its getter may make another one at each call. */
export function innerOf(schema: core.$ZodType): core.$ZodType {
  return (schema as core.$ZodLazy)._zod.innerType;
}

/** Tells whether a value is a string of the query, not one inside JSON. */
export function isText(input: unknown, coercion: Coercion): input is string {
  return typeof input === "string" && coercion.notation !== "json";
}

/** Notes that `input` is not what `schema` asks for, unless the schema has a message of its own. */
export function refuse(schema: core.$ZodType, expected: string, input: unknown, coercion: Coercion): void {
  if (schema._zod.def.error) return;
  const message = `expected ${expected}, received ${quote(input)}`;
  coercion.issues.push({ path: [...coercion.path], message, code: "invalid_type" });
}

/** Writes a value as JSON, cut to a length that suits a message. */
export function quote(input: unknown): string {
  const text = JSON.stringify(input) ?? String(input);
  return text.length > QUOTED_LENGTH ? `${text.slice(0, QUOTED_LENGTH)}…` : text;
}

/** What a leaf is called in issues. */
export const EXPECTED: Readonly<Record<string, string>> = {
  string: "a string",
  template_literal: "a string",
  number: "a number",
  boolean: "true or false",
  bigint: "an integer in decimal digits",
  date: "a date (ISO 8601 or epoch milliseconds)",
  null: "null",
};

/** Tells whether a value fits a schema. One that turns out to be async does not. */
export function fits(schema: core.$ZodType, value: unknown): boolean {
  try {
    return safeParse(schema, value).success;
  } catch {
    return false;
  }
}
