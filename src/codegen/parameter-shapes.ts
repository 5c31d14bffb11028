import type { MethodDescription, PropertyDescription, TypeDescription } from "../params/types.ts";
import type { PropertyShape, Shape } from "../shape/shape.ts";
import { toUnion, withoutUndefined } from "../shape/unions.ts";

/** Gives a method's parameters as its caller has them: without the context, and all arrays read only. */
export function toParameterShapes({ parameters }: MethodDescription): PropertyShape[] {
  return parameters.flatMap((parameter) =>
    parameter.context ? [] : [toPropertyShape(parameter, parameter.optional ?? parameter.initializer)],
  );
}

function toPropertyShape({ name, type }: PropertyDescription, mayBeAbsent: true | undefined): PropertyShape {
  const { shape, optional } = withoutUndefined(toShape(type));
  if (!optional && !mayBeAbsent) return { name, shape };
  return { name, shape: toUnion([shape, { kind: "undefined" }]), optional: true };
}

function toShape(type: TypeDescription): Shape {
  switch (type.kind) {
    case "literal":
      return toUnion(type.values.map((value) => ({ kind: "literal", value })));
    case "array":
      return { kind: "array", of: toShape(type.of), readonly: true };
    case "tuple":
      return { kind: "tuple", items: type.items.map((item) => ({ shape: toShape(item) })), readonly: true };
    case "record":
      return { kind: "object", properties: [], rest: toShape(type.of) };
    case "object":
      return {
        kind: "object",
        properties: type.properties.map((property) => toPropertyShape(property, property.optional)),
        ...(type.rest ? { rest: toShape(type.rest) } : {}),
      };
    case "union":
      return toUnion(type.of.map(toShape));
    default:
      return { kind: type.kind };
  }
}
