import { z } from "zod";
import type { MethodDescription, PropertyDescription, TypeDescription } from "./types.ts";

/** Compiles the described parameters into one zod object, the context left out. */
export function toParametersSchema(description: MethodDescription): z.ZodObject {
  return z.object(
    Object.fromEntries(
      description.parameters.flatMap((parameter) =>
        parameter.context ? [] : [[parameter.name, toPropertySchema(parameter, parameter.initializer)]],
      ),
    ),
  );
}

/** Compiles a described type into the zod schema that takes exactly its values. */
export function toSchema(type: TypeDescription): z.ZodType {
  switch (type.kind) {
    case "string":
      return z.string();
    case "number":
      return z.number();
    case "boolean":
      return z.boolean();
    case "bigint":
      return z.bigint();
    case "date":
      return z.date();
    case "null":
      return z.null();
    case "undefined":
      return z.undefined();
    case "unknown":
      return z.unknown();
    case "literal":
      return z.literal(type.values);
    case "array":
      return z.array(toSchema(type.of));
    case "tuple":
      return z.tuple(type.items.map(toSchema) as [z.ZodType, ...z.ZodType[]]);
    case "record":
      return z.record(z.string(), toSchema(type.of));
    case "object": {
      const shape = Object.fromEntries(
        type.properties.map((property) => [property.name, toPropertySchema(property)]),
      );
      return type.rest ? z.object(shape).catchall(toSchema(type.rest)) : z.object(shape);
    }
    case "union":
      return toUnionSchema(type.of);
  }
}

function toPropertySchema({ type, optional }: PropertyDescription, initializer?: true): z.ZodType {
  const schema = toSchema(type);
  return optional || initializer ? schema.optional() : schema;
}

function toUnionSchema(types: readonly TypeDescription[]): z.ZodType {
  const absent = types.some((type) => type.kind === "undefined");
  const nullable = types.some((type) => type.kind === "null");
  const present = types.filter((type) => type.kind !== "undefined" && type.kind !== "null").map(toSchema);
  const [only] = present;
  const schema = present.length === 1 && only ? only : present.length > 0 ? z.union(present) : z.never();
  const withNull = nullable ? schema.nullable() : schema;
  return absent ? withNull.optional() : withNull;
}
