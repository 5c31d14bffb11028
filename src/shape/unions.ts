// Small steps on shapes that keep them in their simplest form.

import type { ObjectShape, Shape } from "./shape.ts";

/** An object that has no properties, and can have none. */
export const EMPTY_OBJECT: ObjectShape = { kind: "object", properties: [], rest: { kind: "never" } };

/** Makes a union of some shapes: nested ones are taken apart, equal ones come once, and `unknown` takes in all. */
export function toUnion(shapes: readonly Shape[]): Shape {
  const options = new Map<string, Shape>();
  for (const option of shapes.flatMap(optionsOf)) {
    if (option.kind !== "never") options.set(keyOf(option), option);
  }
  if (options.has(keyOf({ kind: "unknown" }))) return { kind: "unknown" };
  const isWhole = options.has(keyOf({ kind: "literal", value: true }));
  const isBoolean = isWhole && options.has(keyOf({ kind: "literal", value: false }));
  const kept = [...options.values()].filter((option) => !isBoolean || !isBooleanLiteral(option));
  if (isBoolean) kept.push({ kind: "boolean" });
  const [only] = kept;
  if (!only) return { kind: "never" };
  // What may be absent reads best at the end.
  const last = kept.filter(isNothing);
  return kept.length === 1
    ? only
    : { kind: "union", of: [...kept.filter((each) => !isNothing(each)), ...last] };
}

/** Gives the options of a union, or the shape as the only one. */
export function optionsOf(shape: Shape): Shape[] {
  return shape.kind === "union" ? shape.of.flatMap(optionsOf) : [shape];
}

/** Takes `undefined` out of a shape, and tells whether it was there. */
export function withoutUndefined(shape: Shape): { shape: Shape; optional: boolean } {
  const options = optionsOf(shape);
  const defined = options.filter((option) => option.kind !== "undefined");
  return { shape: toUnion(defined), optional: defined.length < options.length };
}

/** Gives the shape with `null` in place of `undefined`, which is what JSON makes of it outside of objects. */
export function withNull(shape: Shape): Shape {
  const { shape: defined, optional } = withoutUndefined(shape);
  return optional ? toUnion([defined, { kind: "null" }]) : shape;
}

/** Makes an intersection; objects that have no property in common become one object. */
export function toIntersection(left: Shape, right: Shape): Shape {
  const parts = [left, right].flatMap((part) => (part.kind === "intersection" ? part.of : [part]));
  const objects = parts.filter((part) => part.kind === "object");
  const names = objects.flatMap((part) => part.properties.map(({ name }) => name));
  const isPlain = objects.every((part) => !part.rest || part.rest.kind === "never");
  if (objects.length === parts.length && isPlain && new Set(names).size === names.length) {
    return { kind: "object", properties: objects.flatMap((part) => part.properties) };
  }
  return { kind: "intersection", of: parts };
}

/** Gives a text that is the same for equal shapes. */
export function keyOf(shape: Shape): string {
  return JSON.stringify(shape, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}

function isNothing({ kind }: Shape): boolean {
  return kind === "null" || kind === "undefined";
}

function isBooleanLiteral(shape: Shape): boolean {
  return shape.kind === "literal" && typeof shape.value === "boolean";
}
