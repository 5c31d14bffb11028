import type { Definitions, Shape } from "./shape.ts";
import { optionsOf, toUnion } from "./unions.ts";

/**
 * Puts what the type checker says in the place of what a schema leaves open, such as the result of a
 * transformation. What neither can tell, or what stands among several options of a union, is `unknown`.
 */
export function fillOpaque(shape: Shape, typed: Shape | undefined, definitions: Definitions): Shape {
  if (!isOpen(shape)) return shape;
  const known = typed?.kind === "ref" ? (definitions[typed.id]?.shape ?? typed) : typed;
  const fill = (part: Shape, partType: Shape | undefined): Shape => fillOpaque(part, partType, definitions);
  switch (shape.kind) {
    case "opaque":
      return typed ?? { kind: "unknown" };
    case "array":
      return { ...shape, of: fill(shape.of, known?.kind === "array" ? known.of : undefined) };
    case "tuple": {
      const types = known?.kind === "tuple" ? known : undefined;
      const items = shape.items.map((item, index) => ({
        ...item,
        shape: fill(item.shape, types?.items[index]?.shape),
      }));
      return { ...shape, items, ...(shape.rest ? { rest: fill(shape.rest, types?.rest) } : {}) };
    }
    case "object": {
      const types = known?.kind === "object" ? known : undefined;
      const properties = shape.properties.map((property) => {
        const type = types?.properties.find(({ name }) => name === property.name);
        return {
          ...property,
          shape: fill(property.shape, type?.shape),
          ...(type?.optional && property.shape.kind === "opaque" ? { optional: true as const } : {}),
        };
      });
      return { ...shape, properties, ...(shape.rest ? { rest: fill(shape.rest, types?.rest) } : {}) };
    }
    case "union":
      return fillUnion(shape.of, known, fill);
    case "intersection":
      return { ...shape, of: shape.of.map((part) => fill(part, known)) };
    default:
      return shape;
  }
}

/** Of a union with one open option, the type's options that are not among the others are meant. */
function fillUnion(
  options: readonly Shape[],
  typed: Shape | undefined,
  fill: (part: Shape, partType: Shape | undefined) => Shape,
): Shape {
  const open = options.filter(isOpen);
  if (open.length !== 1) return toUnion(options.map((option) => fill(option, undefined)));
  const others = new Set(options.filter((option) => !isOpen(option)).map(({ kind }) => kind));
  const types = typed && optionsOf(typed).filter(({ kind }) => !others.has(kind));
  const type = types && types.length > 0 ? toUnion(types) : undefined;
  return toUnion(options.map((option) => (isOpen(option) ? fill(option, type) : option)));
}

/** Tells whether a shape has a part that its schema leaves open. */
export function isOpen(shape: Shape): boolean {
  switch (shape.kind) {
    case "opaque":
      return true;
    case "array":
      return isOpen(shape.of);
    case "tuple":
      return (
        shape.items.some((item) => isOpen(item.shape)) || (shape.rest !== undefined && isOpen(shape.rest))
      );
    case "object":
      return (
        shape.properties.some((property) => isOpen(property.shape)) ||
        (shape.rest !== undefined && isOpen(shape.rest))
      );
    case "union":
    case "intersection":
      return shape.of.some(isOpen);
    default:
      return false;
  }
}
