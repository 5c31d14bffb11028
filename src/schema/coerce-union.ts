import type { core } from "zod";
import { EXPECTED, fits, isText, refuse, takesText, unwrap, type Coercion } from "./coercion.ts";
import { readJSON } from "./text-values.ts";

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
  if (discriminated)
    return coercion.coerce(discriminated.option, discriminated.value, discriminated.coercion);

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

/** In a discriminated union the one property tells the option, so that issues name what is wrong inside it. */
function findDiscriminated(
  def: core.$ZodUnionDef,
  input: unknown,
  coercion: Coercion,
): { option: core.$ZodType; value: unknown; coercion: Coercion } | undefined {
  if (!("discriminator" in def) || typeof def.discriminator !== "string") return undefined;
  const parsed = isText(input, coercion) ? readJSON(input) : { value: input };
  const value = parsed?.value;
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, def.discriminator))
    return undefined;
  const tag = (value as Record<string, unknown>)[def.discriminator];
  const option = def.options.find((each) =>
    each._zod.propValues?.[def.discriminator as string]?.has(tag as core.util.Primitive),
  );
  if (!option) return undefined;
  return { option, value, coercion: isText(input, coercion) ? { ...coercion, notation: "json" } : coercion };
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
