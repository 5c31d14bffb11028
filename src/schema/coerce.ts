// Brings raw values of a request to the types that a zod schema asks for, ahead of the parse that judges them.
//
// One walk over the schema: at each leaf a string is read as what the leaf wants, and where it cannot be, the
// walk notes an issue that shows the text as it came, since zod would report what it sees after coercion. In
// JSON only dates and bigints have to be read, because JSON has the other types itself. Unions try their
// options from the most particular to the least; beside a string, only text in the one canonical form counts
// as another type, so that no text is changed by the way.

import type { core } from "zod";
import { coerceUnion } from "./coerce-union.ts";
import { EXPECTED, innerOf, isText, quote, refuse, takesText, type Coercion } from "./coercion.ts";
import { readBigint, readBoolean, readDate, readJSON, readNumber } from "./text-values.ts";

/**
 * Gives `input` in the types that `schema` asks for, or unchanged where that is not possible, which then is
 * noted in `coercion.issues` unless the schema brings its own message or its own `z.coerce`. Never throws and
 * never changes `input`; whether the value fits is for the schema's parse to say.
 */
export function coerce(schema: core.$ZodType, input: unknown, coercion: Coercion): unknown {
  if (input === undefined) return undefined;
  const { def } = (schema as core.$ZodTypes)._zod;
  switch (def.type) {
    case "optional":
    case "default":
    case "prefault":
    case "nonoptional":
    case "readonly":
    case "success":
    case "promise":
      return coerce(def.innerType, input, coercion);
    case "lazy":
      return coerce(innerOf(schema), input, coercion);
    case "pipe":
      return coerce(def.in, input, coercion);
    case "catch":
      return coerce(def.innerType, input, { ...coercion, issues: [] });
    case "nullable":
      if (isText(input, coercion) && input === "null" && !takesText(def.innerType)) return null;
      return coerce(def.innerType, input, coercion);
    case "null":
      return isText(input, coercion) && input === "null" ? null : input;
    case "string":
    case "template_literal":
      return coerceScalar(schema, input, coercion, (text) => text);
    case "number":
      return coerceScalar(schema, input, coercion, readNumber);
    case "boolean":
      return coerceScalar(schema, input, coercion, readBoolean);
    case "bigint":
      if (typeof input === "number" && Number.isSafeInteger(input)) return BigInt(input);
      return coerceScalar(schema, input, coercion, readBigint);
    case "date":
      if (typeof input === "number" && !Number.isNaN(new Date(input).getTime())) return new Date(input);
      return coerceScalar(schema, input, coercion, readDate);
    case "literal":
    case "enum":
      return coerceChoice(schema._zod.values ?? new Set(), input, schema, coercion);
    case "union":
      return coerceUnion(schema, input, { ...coercion, coerce });
    case "array":
      return coerceItems(input, coercion, () => def.element);
    case "tuple":
      return coerceItems(input, coercion, (index) => def.items[index] ?? def.rest ?? undefined);
    case "set": {
      const items = coerceItems(input, coercion, () => def.valueType);
      return Array.isArray(items) ? new Set(items) : items;
    }
    case "object":
      return coerceProperties(input, coercion, (name) =>
        Object.hasOwn(def.shape, name) ? def.shape[name] : def.catchall,
      );
    case "record":
      return coerceProperties(input, coercion, () => def.valueType);
    case "intersection":
      return coerceIntersection(def, input, coercion);
    default:
      return input;
  }
}

function coerceScalar(
  schema: core.$ZodType,
  raw: unknown,
  coercion: Coercion,
  read: (text: string) => unknown,
): unknown {
  const input = takeSingle(raw, coercion);
  if (typeof input !== "string") return input;
  const { def } = (schema as core.$ZodTypes)._zod;
  if (coercion.notation === "json" && def.type !== "bigint" && def.type !== "date") return input;
  const value = read(input);
  if (value !== undefined) return value;
  // A schema with `z.coerce` may still make something of the text; but it takes blank text for 0, and carries
  // days over that do not exist.
  const coercesItself = "coerce" in def && def.coerce === true;
  if (coercesItself && input.trim() !== "" && !/^\d{4}-\d\d-\d\d/.test(input)) return input;
  refuse(schema, EXPECTED[def.type] ?? def.type, input, coercion);
  return input;
}

/** Takes one value where a query may have several; more than one is an issue. */
function takeSingle(input: unknown, coercion: Coercion): unknown {
  if (coercion.notation !== "query" || !Array.isArray(input)) return input;
  if (input.length === 1) return input[0];
  const message = `expected one value, received ${input.length} (the key is repeated)`;
  coercion.issues.push({ path: [...coercion.path], message, code: "invalid_type" });
  return undefined;
}

function coerceChoice(
  values: ReadonlySet<unknown>,
  raw: unknown,
  schema: core.$ZodType,
  coercion: Coercion,
): unknown {
  const input = takeSingle(raw, coercion);
  if (typeof input !== "string" || values.has(input)) return input;
  const fromQuery = coercion.notation !== "json";
  for (const value of values) {
    if (typeof value === "bigint" && readBigint(input) === value) return value;
    if (fromQuery && typeof value === "number" && readNumber(input) === value) return value;
    if (fromQuery && typeof value === "boolean" && readBoolean(input) === value) return value;
    if (fromQuery && value === null && input === "null") return value;
  }
  const choices = [...values].map((value) =>
    typeof value === "string" ? JSON.stringify(value) : String(value),
  );
  refuse(schema, choices.length === 1 ? String(choices[0]) : `one of ${choices.join(", ")}`, input, coercion);
  return input;
}

function coerceItems(
  raw: unknown,
  coercion: Coercion,
  schemaAt: (index: number) => core.$ZodType | undefined,
): unknown {
  let { notation } = coercion;
  let input = raw;
  if (notation === "query") {
    // Each item is one string of its own; an array inside it can only be JSON.
    notation = "text";
    if (typeof input === "string") input = [input];
  } else if (notation === "text" && typeof input === "string") {
    notation = "json";
    input = parseJSON(input, "an array", coercion);
  }
  if (!Array.isArray(input)) return input;
  return input.map((item: unknown, index) => {
    const schema = schemaAt(index);
    return schema ? coerce(schema, item, { ...coercion, notation, path: [...coercion.path, index] }) : item;
  });
}

function coerceProperties(
  raw: unknown,
  coercion: Coercion,
  schemaOf: (name: string) => core.$ZodType | undefined,
): unknown {
  let { notation } = coercion;
  let input = takeSingle(raw, coercion);
  if (isText(input, coercion)) {
    notation = "json";
    input = parseJSON(input, "an object", coercion);
  }
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(input)) {
    if (name === "__proto__") continue;
    const schema = schemaOf(name);
    const inside = { ...coercion, notation, path: [...coercion.path, name] };
    entries.push([name, schema ? coerce(schema, value, inside) : value]);
  }
  return Object.fromEntries(entries);
}

function parseJSON(text: string, expected: string, coercion: Coercion): unknown {
  const parsed = readJSON(text);
  if (parsed) return parsed.value;
  const message = `expected ${expected} as JSON, received ${quote(text)}`;
  coercion.issues.push({ path: [...coercion.path], message, code: "invalid_type" });
  return undefined;
}

function coerceIntersection(def: core.$ZodIntersectionDef, input: unknown, coercion: Coercion): unknown {
  const parsed = isText(input, coercion) && /^\s*[{[]/.test(input) ? readJSON(input) : undefined;
  const inside: Coercion = parsed ? { ...coercion, notation: "json" } : coercion;
  return coerce(def.right, coerce(def.left, parsed ? parsed.value : input, inside), inside);
}
