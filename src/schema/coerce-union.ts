import type { core } from "zod";
import { EXPECTED, fits, innerOf, isText, refuse, takesText, unwrap, type Coercion } from "./coercion.ts";
import { readBigint, readJSON } from "./text-values.ts";

/** From the most particular kind of option to the least; within one rank the declared order holds. */
const RANKS: readonly (readonly string[])[] = [
  ["literal", "enum"],
  ["null"],
  ["number"],
  ["bigint"],
  ["boolean"],
  ["date"],
  ["object", "record", "intersection", "map"],
  ["array", "tuple", "set"],
];
const TEXT_RANK = RANKS.length + 1;

/** A coercion that can walk into an option. */
interface UnionCoercion extends Coercion {
  coerce(schema: core.$ZodType, input: unknown, coercion: Coercion): unknown;
}

/**
 * Brings a raw value to the first option of a union that then takes it. Beside an option that takes any
 * string, a string becomes something else only if that is written exactly so: `5` and `true`, but not `05`,
 * `1.0` or `1` for a boolean.
 */
export function coerceUnion(schema: core.$ZodType, input: unknown, coercion: UnionCoercion): unknown {
  const def = (schema as core.$ZodUnion)._zod.def;
  const discriminated = findDiscriminated(def, input, coercion);
  // No option will do for an object without a right tag, and each would walk through all that is inside it.
  if (discriminated && !discriminated.option) return discriminated.value;
  if (discriminated?.option)
    return coercion.coerce(discriminated.option, discriminated.value, discriminated.coercion);

  // Where one option alone takes lists, or objects, the parse may judge what is inside: in a schema that
  // contains itself, trying it at each level would take a time that grows with the square of the depth.
  if (coercion.notation === "json" && typeof input === "object" && input !== null) {
    const [only, ...others] = def.options.filter((option) => mayTake(option, Array.isArray(input)));
    if (only && others.length === 0) return coercion.coerce(only, input, coercion);
  }

  const besideText = def.options.some(takesText);
  for (const option of def.options.toSorted((a, b) => rank(a) - rank(b))) {
    const issues: Coercion["issues"] = [];
    const value = coercion.coerce(option, input, { ...coercion, issues });
    if (issues.length > 0) continue;
    if (besideText && typeof input === "string" && !isFaithful(value, input)) continue;
    if (fits(option, value)) return value;
  }
  refuseAll(schema, input, coercion);
  return (isText(input, coercion) && readJSON(input)?.value) || input;
}

function rank(option: core.$ZodType): number {
  if (takesText(option)) return TEXT_RANK;
  const { type } = unwrap(option)._zod.def;
  const found = RANKS.findIndex((kinds) => kinds.includes(type));
  return found < 0 ? RANKS.length : found;
}

/** Tells whether the value, written down again, is the very text that it was read from. */
function isFaithful(value: unknown, text: string): boolean {
  if (value === null || value === undefined) return false;
  if (value instanceof Date) return value.toISOString() === text;
  if (typeof value === "object") return /^\s*[{[]/.test(text);
  return String(value) === text;
}

/**
 * In a discriminated union the one property tells the option, so that issues name what is wrong inside it.
 * Without an option: the object's tag is none of the union's.
 */
function findDiscriminated(
  def: core.$ZodUnionDef & { discriminator?: string; unionFallback?: boolean },
  input: unknown,
  coercion: Coercion,
): { option: core.$ZodType | undefined; value: unknown; coercion: Coercion } | undefined {
  const { discriminator } = def;
  if (discriminator === undefined) return undefined;
  const parsed = isText(input, coercion) ? readJSON(input) : { value: input };
  const value = parsed?.value;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const tag = Object.hasOwn(value, discriminator)
    ? (value as Record<string, unknown>)[discriminator]
    : undefined;
  const option = def.options.find((each) => isTag(tag, each._zod.propValues?.[discriminator]));
  if (!option && def.unionFallback) return undefined;
  return { option, value, coercion: isText(input, coercion) ? { ...coercion, notation: "json" } : coercion };
}

function isTag(tag: unknown, values: ReadonlySet<unknown> | undefined): boolean {
  if (!values || values.has(tag)) return values !== undefined;
  // A bigint is the one tag that JSON has no form of its own for.
  const number = typeof tag === "string" ? readBigint(tag) : undefined;
  return number !== undefined && values.has(number);
}

/** Tells whether a schema can take a list of JSON, or an object; `true` where that is not certain. */
function mayTake(schema: core.$ZodType, isArray: boolean): boolean {
  const { def } = (schema as core.$ZodTypes)._zod;
  const inside = (part: core.$ZodType): boolean => mayTake(part, isArray);
  switch (def.type) {
    case "string":
    case "number":
    case "boolean":
    case "bigint":
    case "date":
      return def.coerce === true;
    case "template_literal":
    case "literal":
    case "enum":
    case "null":
    case "undefined":
    case "void":
    case "nan":
    case "never":
      return false;
    case "array":
    case "tuple":
    case "set":
      return isArray;
    case "object":
    case "record":
      return !isArray;
    case "union":
      return def.options.some(inside);
    case "optional":
    case "nullable":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
      return inside(def.innerType);
    case "lazy":
      return inside(innerOf(schema));
    case "pipe":
      return inside(def.in);
    default:
      return true;
  }
}

function refuseAll(schema: core.$ZodType, input: unknown, coercion: Coercion): void {
  const expected = new Set<string>();
  for (const option of (schema as core.$ZodUnion)._zod.def.options) {
    const leaf = unwrap(option)._zod;
    const choices = leaf.values && [...leaf.values].map((value) => describeChoice(value)).join(" or ");
    const word = EXPECTED[leaf.def.type] ?? choices;
    // What is wrong inside an object or an array is told better by zod, from the parsed value.
    if (word === undefined) return;
    expected.add(word);
  }
  refuse(schema, [...expected].join(" or "), input, coercion);
}

function describeChoice(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
