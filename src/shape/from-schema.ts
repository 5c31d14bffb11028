// Reads zod schemas as shapes, in both directions. `output` is what a client receives: the parsed value after
// its way through JSON, dates and bigints revived. `input` is what a caller may pass: the value before the
// parse, as far as a request can carry it.
//
// A schema that is met again while it is being read contains itself, and becomes a definition with a name; so
// does one with an id of its own (`.meta({ id })`).

import { type core, globalRegistry } from "zod";
import type { Definition, Documentation, PropertyShape, Shape } from "./shape.ts";
import { EMPTY_OBJECT, optionsOf, toIntersection, toUnion, withNull, withoutUndefined } from "./unions.ts";
import { toPascalCase } from "./words.ts";

/** Which side of a schema's parse is meant. */
export type Direction = "output" | "input";

/** Deeper nesting is taken for a schema that unfolds without end. */
const DEPTH_LIMIT = 40;

/** Reads schemas of one direction, and collects the definitions that they need. */
export class SchemaReader {
  readonly definitions: Record<string, Definition> = {};
  readonly #direction: Direction;
  readonly #prefix: string;
  #count = 0;
  readonly #open = new Map<core.$ZodType, { id?: string }>();
  readonly #known = new Map<core.$ZodType, Shape>();

  /** @param prefix Begins the ids of definitions, where those of several readers come together. */
  constructor(direction: Direction, prefix = "") {
    this.#direction = direction;
    this.#prefix = prefix;
  }

  /** Reads a schema; `name` is for definitions that have none of their own. */
  read(schema: core.$ZodType, name: string): Shape {
    const known = this.#known.get(schema);
    if (known) return known;
    const open = this.#open.get(schema);
    if (open) return { kind: "ref", id: (open.id ??= this.#newId()) };
    if (this.#open.size > DEPTH_LIMIT) return { kind: "unknown" };

    const entry: { id?: string } = {};
    this.#open.set(schema, entry);
    const shape = this.#convert(schema, name);
    this.#open.delete(schema);

    const ownName = toPascalCase(String(metaOf(schema)["id"] ?? ""));
    // The name is that of what is there; what its absence looks like depends on the place where it is used.
    const { shape: present, optional } =
      entry.id === undefined ? withoutUndefined(shape) : { shape, optional: false };
    if (ownName && present.kind !== "ref") entry.id ??= this.#newId();
    if (entry.id === undefined) return shape;
    this.definitions[entry.id] = { name: ownName || name, shape: present, ...documentationOf(schema) };
    const ref: Shape = { kind: "ref", id: entry.id };
    const read = optional ? toUnion([ref, { kind: "undefined" }]) : ref;
    this.#known.set(schema, read);
    return read;
  }

  /** Reads the fields of an object schema as properties: the parameters of an endpoint. */
  readFields(schema: core.$ZodObject, name: string): PropertyShape[] {
    return this.#properties(schema._zod.def.shape, name);
  }

  /** Reads the events of a stream: what is `undefined` by itself is sent as `null`. */
  readEvents(events: core.$ZodObject, name: string): PropertyShape[] {
    return Object.entries(events._zod.def.shape).map(([key, schema]) => {
      const shape = withNull(this.read(schema, name + toPascalCase(key)));
      return { name: key, shape, ...this.#documentationOf(schema, shape) };
    });
  }

  #newId(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#direction}${this.#count}`;
  }

  #convert(schema: core.$ZodType, name: string): Shape {
    const isOutput = this.#direction === "output";
    const { def } = (schema as core.$ZodTypes)._zod;
    const inside = (part: core.$ZodType): Shape => this.read(part, name);
    switch (def.type) {
      case "string":
      case "number":
      case "boolean":
      case "bigint":
      case "date":
      case "null":
      case "never":
      case "undefined":
      case "unknown":
        return { kind: def.type };
      case "any":
        return { kind: "unknown" };
      case "void":
        return { kind: "undefined" };
      case "nan":
        return { kind: isOutput ? "null" : "number" };
      case "symbol":
      case "function":
        return { kind: isOutput ? "undefined" : "never" };
      case "file":
      case "map":
        return isOutput ? EMPTY_OBJECT : { kind: "never" };
      case "set":
        return isOutput ? EMPTY_OBJECT : { kind: "array", of: inside(def.valueType), readonly: true };
      case "literal":
      case "enum":
        return readChoice([...(schema._zod.values ?? [])]);
      case "template_literal":
        return readTemplate(def.parts);
      case "array":
        return this.#array(inside(def.element));
      case "tuple":
        return this.#tuple(def, inside);
      case "object":
        return {
          kind: "object",
          properties: this.#properties(def.shape, name),
          ...(def.catchall && def.catchall._zod.def.type !== "never" ? { rest: inside(def.catchall) } : {}),
        };
      case "record":
        return this.#record(def, name);
      case "union":
        return toUnion(def.options.map(inside));
      case "intersection":
        return toIntersection(inside(def.left), inside(def.right));
      case "optional":
        return toUnion([inside(def.innerType), { kind: "undefined" }]);
      case "nullable":
        return toUnion([inside(def.innerType), { kind: "null" }]);
      case "default":
      case "prefault":
        return isOutput
          ? withoutUndefined(inside(def.innerType)).shape
          : toUnion([inside(def.innerType), { kind: "undefined" }]);
      case "catch":
        return isOutput ? inside(def.innerType) : toUnion([inside(def.innerType), { kind: "undefined" }]);
      case "nonoptional":
        return withoutUndefined(inside(def.innerType)).shape;
      case "success":
        return isOutput ? { kind: "boolean" } : inside(def.innerType);
      case "readonly":
        return toReadonly(inside(def.innerType));
      case "promise":
        return inside(def.innerType);
      case "lazy":
        return inside(def.getter());
      case "pipe":
        return inside(isOutput ? def.out : def.in);
      case "transform":
      case "custom":
        return { kind: "opaque" };
    }
    // A kind of schema that a later zod may bring.
    return { kind: "opaque" };
  }

  #properties(fields: Readonly<Record<string, core.$ZodType>>, owner: string): PropertyShape[] {
    const properties = Object.entries(fields).map(([key, field]) => this.#property(key, field, owner));
    // Nothing is left of a function.
    return properties.filter(({ shape, optional }) => !(optional && shape.kind === "never"));
  }

  #property(name: string, field: core.$ZodType, owner: string): PropertyShape {
    const read = this.read(field, owner + toPascalCase(name));
    const { shape, optional } = withoutUndefined(read);
    const isOptional = optional || (this.#direction === "input" && field._zod.optin !== undefined);
    return {
      name,
      // Whoever passes a parameter may pass `undefined` for it, too.
      shape: isOptional && this.#direction === "input" ? toUnion([shape, { kind: "undefined" }]) : shape,
      ...(isOptional ? { optional: true } : {}),
      ...this.#documentationOf(field, shape),
    };
  }

  /** What is said of a type with a name stands there, and not again where it is used. */
  #documentationOf(schema: core.$ZodType, shape: Shape): Documentation {
    if (this.#known.has(schema)) return {};
    const isNamed = optionsOf(shape).some(({ kind }) => kind === "ref");
    return isNamed ? ownDocumentationOf(schema) : documentationOf(schema);
  }

  #array(item: Shape): Shape {
    return this.#direction === "output"
      ? { kind: "array", of: withNull(item) }
      : { kind: "array", of: item, readonly: true };
  }

  #tuple(def: core.$ZodTupleDef, inside: (part: core.$ZodType) => Shape): Shape {
    const isOutput = this.#direction === "output";
    const items = def.items.map((item) => {
      const { shape, optional } = withoutUndefined(inside(item));
      return { shape, ...(optional ? { optional: true as const } : {}) };
    });
    // Only the last items can be left out; those before are `null` on the wire.
    const firstOpen = items.findLastIndex((item) => !item.optional) + 1;
    return {
      kind: "tuple",
      items: items.map((item, index) =>
        item.optional && index < firstOpen ? { shape: toUnion([item.shape, { kind: "null" }]) } : item,
      ),
      ...(def.rest ? { rest: isOutput ? withNull(inside(def.rest)) : inside(def.rest) } : {}),
      ...(isOutput ? {} : { readonly: true }),
    };
  }

  /** A record whose keys are known has properties; any other takes all strings. */
  #record(def: core.$ZodRecordDef, name: string): Shape {
    const isLoose = (def as { mode?: string }).mode === "loose";
    const isPartial = isLoose || (def as { partial?: boolean }).partial === true;
    const { shape, optional } = withoutUndefined(this.read(def.valueType, name));
    const keys = this.#keysOf(def.keyType);
    if (!keys || keys.size === 0) {
      // What is undefined is not sent at all.
      return { kind: "object", properties: [], rest: isLoose ? { kind: "unknown" } : shape };
    }
    const isOptional = isPartial || optional;
    const properties = [...keys].map((key) => ({
      name: String(key),
      shape: isOptional && this.#direction === "input" ? toUnion([shape, { kind: "undefined" }]) : shape,
      ...(isOptional ? { optional: true as const } : {}),
    }));
    return { kind: "object", properties, ...(isLoose ? { rest: { kind: "unknown" as const } } : {}) };
  }

  /** Of a key that is transformed, a pipe knows only the values before it. */
  #keysOf(keyType: core.$ZodType): ReadonlySet<unknown> | undefined {
    const { def, values } = (keyType as core.$ZodTypes)._zod;
    return def.type === "pipe" && this.#direction === "output" ? this.#keysOf(def.out) : values;
  }
}

function readChoice(values: readonly unknown[]): Shape {
  return toUnion(
    values.map((value): Shape => {
      if (value === null) return { kind: "null" };
      if (value === undefined) return { kind: "undefined" };
      return { kind: "literal", value: value as string | number | boolean | bigint };
    }),
  );
}

/** Parts whose values are known or have a type that templates may hold; else it is a string like any other. */
function readTemplate(parts: readonly unknown[]): Shape {
  let text = "";
  for (const part of parts) {
    if (typeof part !== "object" || part === null) {
      text += String(part).replace(/[`\\]|\$\{/g, "\\$&");
      continue;
    }
    const { def, values } = (part as core.$ZodType)._zod;
    if (values && values.size > 0 && [...values].every((value) => typeof value === "string")) {
      text += `\${${[...values].map((value) => JSON.stringify(value)).join(" | ")}}`;
    } else if (["string", "number", "bigint", "boolean"].includes(def.type)) text += `\${${def.type}}`;
    else return { kind: "string" };
  }
  return { kind: "template", text };
}

function toReadonly(shape: Shape): Shape {
  if (shape.kind === "array" || shape.kind === "tuple") return { ...shape, readonly: true };
  if (shape.kind !== "object") return shape;
  return { ...shape, properties: shape.properties.map((property) => ({ ...property, readonly: true })) };
}

/** Gives what `.describe()` and `.meta()` say of a schema, or of what it wraps. */
function documentationOf(schema: core.$ZodType): Documentation {
  const own = ownDocumentationOf(schema);
  const { innerType } = schema._zod.def as { innerType?: core.$ZodType };
  return own.description === undefined && !own.deprecated && innerType ? documentationOf(innerType) : own;
}

function ownDocumentationOf(schema: core.$ZodType): Documentation {
  const { description, deprecated } = metaOf(schema);
  return {
    ...(typeof description === "string" ? { description } : {}),
    ...(deprecated === true ? { deprecated } : {}),
  };
}

function metaOf(schema: core.$ZodType): Record<string, unknown> {
  const { meta } = schema as { meta?: () => Record<string, unknown> | undefined };
  return (typeof meta === "function" ? meta.call(schema) : globalRegistry.get(schema)) ?? {};
}
