/**
 * A TypeScript type as plain JSON, as far as a value of it can arrive in a request. Dates and bigints are
 * kinds of their own, since JSON and query strings have to be read for them.
 */
export type TypeDescription =
  | { kind: "string" | "number" | "boolean" | "bigint" | "date" | "null" | "undefined" | "unknown" }
  /** One of these values exactly: a literal type, a union of literals, an enum. */
  | { kind: "literal"; values: (string | number | boolean)[] }
  | { kind: "array"; of: TypeDescription }
  | { kind: "tuple"; items: TypeDescription[] }
  /** Named properties; `rest` is the type of all further ones, which are dropped where it is missing. */
  | { kind: "object"; properties: PropertyDescription[]; rest?: TypeDescription }
  | { kind: "record"; of: TypeDescription }
  | { kind: "union"; of: TypeDescription[] };

/** A named property of an object type. */
export interface PropertyDescription {
  name: string;
  type: TypeDescription;
  /** `true` where the property may be missing. */
  optional?: true;
}

/** A parameter whose value comes from the request, by its name. */
export interface ValueParameter extends PropertyDescription {
  /** `true` where the parameter has an initialiser, which then stands in for a missing value. */
  initializer?: true;
  context?: never;
}

/** The parameter that gets the request's `Context`. */
export interface ContextParameter {
  name: string;
  context: true;
}

/** One parameter of an endpoint's method. */
export type ParameterDescription = ValueParameter | ContextParameter;

/** The parameters of an endpoint's method, in the order of its arguments. */
export interface MethodDescription {
  parameters: ParameterDescription[];
}

/** What `pinestream generate` writes, so that production needs neither the source nor ts-morph. */
export interface Manifest {
  version: 1;
  /** By class name, then by method name. */
  endpoints: Record<string, Record<string, MethodDescription>>;
}
