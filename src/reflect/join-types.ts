import type { PropertyDescription, TypeDescription } from "../params/types.ts";

const ORDER = ["literal", "string", "number", "boolean", "bigint", "date"];

/**
 * Joins types into their union, in one fixed form whatever order they come in: nested unions flat, literals
 * together and sorted, `true | false` as boolean, nothing twice.
 */
export function joinTypes(types: readonly TypeDescription[]): TypeDescription {
  const members = types.flatMap((type) => (type.kind === "union" ? type.of : [type]));
  const values = new Set(members.flatMap((type) => (type.kind === "literal" ? type.values : [])));
  const kinds = new Set<string>(members.map((type) => type.kind));
  if (kinds.has("unknown")) return { kind: "unknown" };
  const others = members.filter((type) => type.kind !== "literal");
  if (values.has(true) && values.has(false)) {
    others.push({ kind: "boolean" });
    kinds.add("boolean");
  }
  const literals = [...values].filter((value) => !kinds.has(typeof value)).sort(compareValues);
  const distinct = [...new Map(others.map((type) => [JSON.stringify(type), type])).entries()]
    .sort(([a, left], [b, right]) => rank(left) - rank(right) || compareText(a, b))
    .map(([, type]) => type);
  const joined: TypeDescription[] = literals.length > 0 ? [{ kind: "literal", values: literals }] : [];
  joined.push(...distinct);
  const [only] = joined;
  return joined.length === 1 && only ? only : { kind: "union", of: joined };
}

/** Describes a property or parameter; a type with `undefined` in it may be missing just as an optional one. */
export function toProperty(name: string, type: TypeDescription, optional: boolean): PropertyDescription {
  if (type.kind !== "union") return { name, type, ...(optional ? { optional: true } : {}) };
  const present = type.of.filter((member) => member.kind !== "undefined");
  const mayBeMissing = optional || present.length < type.of.length;
  return { name, type: joinTypes(present), ...(mayBeMissing ? { optional: true } : {}) };
}

function rank(type: TypeDescription): number {
  const index = ORDER.indexOf(type.kind);
  if (type.kind === "null" || type.kind === "undefined") return ORDER.length + 1;
  return index < 0 ? ORDER.length : index;
}

function compareValues(left: string | number | boolean, right: string | number | boolean): number {
  if (typeof left === "number" && typeof right === "number") return left - right;
  return compareText(typeof left, typeof right) || compareText(String(left), String(right));
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
