// Types as data: what the values of an endpoint look like to whoever is on the other side of the wire. Made
// from zod schemas and from TypeScript types; printed as TypeScript, and turned into plans for the client.

/** A type as a client has it. All of it can be cloned from one process to another. */
export type Shape =
  | { kind: Keyword }
  | { kind: "literal"; value: string | number | boolean | bigint }
  /** A template literal type, by what stands between its backticks. */
  | { kind: "template"; text: string }
  | { kind: "array"; of: Shape; readonly?: true }
  | { kind: "tuple"; items: TupleItem[]; rest?: Shape; readonly?: true }
  | ObjectShape
  | { kind: "union"; of: Shape[] }
  | { kind: "intersection"; of: Shape[] }
  /** The definition of that id, for types with a name: those that contain themselves, for one. */
  | { kind: "ref"; id: string };

/**
 * Types that need no more than their name. `opaque` is what only the type checker may know, such as the result
 * of a transformation; it counts as `unknown` where that can't tell either.
 */
export type Keyword =
  | "string"
  | "number"
  | "boolean"
  | "bigint"
  | "date"
  | "blob"
  | "null"
  | "undefined"
  | "unknown"
  | "never"
  | "opaque";

/** Named properties; `rest` is the type of all others. */
export interface ObjectShape {
  kind: "object";
  properties: PropertyShape[];
  rest?: Shape;
}

/** A named property of an object. */
export interface PropertyShape extends Documentation {
  name: string;
  shape: Shape;
  optional?: true;
  readonly?: true;
}

/** An item of a tuple. */
export interface TupleItem {
  shape: Shape;
  optional?: true;
}

/** What there is to say of a type to a reader. */
export interface Documentation {
  description?: string;
  deprecated?: true;
}

/** A type with a name. */
export interface Definition extends Documentation {
  /** The name that it would like to have, in PascalCase. */
  name: string;
  shape: Shape;
}

/** Definitions by id. */
export type Definitions = Readonly<Record<string, Definition>>;
