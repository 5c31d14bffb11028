import { core, safeParse, ZodObject } from "zod";
import type { Issue } from "../errors/base.ts";
import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { InvalidParametersError } from "../errors/http-errors.ts";
import { findAsyncPart } from "../schema/async-schema.ts";
import { coerce } from "../schema/coerce.ts";
import { unwrap } from "../schema/coercion.ts";
import { toParametersSchema } from "./to-schema.ts";
import type { MethodDescription } from "./types.ts";

/** Where the arguments of a request come from. */
export type ParameterSource = "query" | "body";

/** What a request parser is made from. */
export interface RequestParserOptions {
  /** `ClassName.methodName`, for errors. */
  endpoint: string;
  /** The method's own description, or the zod object of its `params` option. */
  parameters: MethodDescription | ZodObject;
  source: ParameterSource;
}

/** Issues that are told of one request: a body of a few bytes for each would else be answered with many times as much. */
const MAX_ISSUES = 100;

/** Turns the query or the body of a request into the arguments of one endpoint. */
export interface RequestParser {
  /**
   * Gives the values by parameter name. Throws `InvalidParametersError` with all issues at once (the first 100, then
   * how many more there are), each with its path from the parameter's name; the path is empty only for what is
   * about the input as a whole.
   */
  parse(input: unknown): Record<string, unknown>;
  /** Puts the values in the order of the method's parameters, with the context where it belongs. */
  toArguments(values: Record<string, unknown>, context: unknown): unknown[];
}

/**
 * Compiles the parameters of an endpoint once, for all its requests. Of a query or a body only the named
 * parameters are looked at.
 *
 * @throws EndpointDefinitionError when a schema of `params` is known to be async.
 */
export function createRequestParser(options: RequestParserOptions): RequestParser {
  const { endpoint, parameters, source } = options;
  const schema = parameters instanceof ZodObject ? parameters : toParametersSchema(parameters);
  const asyncPart = findAsyncPart(schema);
  if (asyncPart !== undefined) {
    throw new EndpointDefinitionError(
      endpoint,
      `params has an async refinement or transformation at ${JSON.stringify(asyncPart)}. ` +
        "Arguments are checked synchronously: move that check into a guard or into the method.",
    );
  }
  const fields = Object.entries<core.$ZodType>(schema.shape);
  return {
    parse(input) {
      const raw = toRecord(input, source, endpoint);
      try {
        return parseFields(raw, { schema, fields, source, endpoint });
      } catch (cause) {
        if (!isStackOverflow(cause)) throw cause;
        // A schema that contains itself was walked as deep as the request goes, which is not the server's fault.
        const issue: Issue = { path: [], message: "nested too deeply", code: "too_big" };
        throw new InvalidParametersError([issue], { endpoint, cause });
      }
    },
    toArguments: (values, context) =>
      parameters instanceof ZodObject
        ? [...fields.map(([name]) => own(values, name)), context]
        : parameters.parameters.map((each) => (each.context ? context : own(values, each.name))),
  };
}

interface CompiledParameters {
  schema: ZodObject;
  fields: readonly [string, core.$ZodType][];
  source: ParameterSource;
  endpoint: string;
}

function parseFields(raw: object, compiled: CompiledParameters): Record<string, unknown> {
  const { schema, fields, source, endpoint } = compiled;
  const notation = source === "query" ? "query" : "json";
  const issues: Issue[] = [];
  // Without a prototype: zod would take `constructor` and its like for given.
  const present = Object.create(null) as Record<string, unknown>;
  for (const [name, field] of fields) {
    const value = coerce(field, own(raw, name), { notation, path: [name], issues });
    if (value !== undefined) present[name] = value;
    else if (own(raw, name) === undefined && coercesAnything(field)) issues.push(missing(name, field));
  }
  const noted = createPaths();
  for (const { path } of issues) addPath(noted, path);
  const result = parseSync(schema, present, endpoint);
  for (const issue of result.error?.issues ?? []) {
    const path = issue.path.map((key) => (typeof key === "symbol" ? String(key) : key));
    // What the coercion noted shows the value as it came; zod only saw what was left of it.
    if (isCovered(noted, path)) continue;
    addPath(noted, path);
    const field = path.length === 1 ? fields.find(([name]) => name === path[0]) : undefined;
    const isMissing = field !== undefined && own(raw, field[0]) === undefined;
    if (isMissing && issue.message.startsWith("Invalid ")) issues.push(missing(field[0], field[1]));
    else issues.push({ path, message: issue.message, code: issue.code });
  }
  if (issues.length > 0) throw new InvalidParametersError(cut(issues), { endpoint });
  return result.data as Record<string, unknown>;
}

function cut(issues: readonly Issue[]): readonly Issue[] {
  const more = issues.length - MAX_ISSUES;
  if (more <= 0) return issues;
  return [...issues.slice(0, MAX_ISSUES), { path: [], message: `${more} more` }];
}

/** Paths as a tree, so that a request with thousands of faults is no more work for each of them. */
interface Paths {
  parts: Map<string | number, Paths>;
  isEnd: boolean;
}

function createPaths(): Paths {
  return { parts: new Map(), isEnd: false };
}

function addPath(paths: Paths, path: Issue["path"]): void {
  let place = paths;
  for (const key of path) {
    const part = place.parts.get(key) ?? createPaths();
    place.parts.set(key, part);
    place = part;
  }
  place.isEnd = true;
}

/** Tells whether a path has been added, or one to something around its place. */
function isCovered(paths: Paths, path: Issue["path"]): boolean {
  let place: Paths | undefined = paths;
  for (const key of path) {
    if (place.isEnd) return true;
    place = place.parts.get(key);
    if (!place) return false;
  }
  return place.isEnd;
}

function isStackOverflow(error: unknown): boolean {
  return error instanceof RangeError && /call stack/i.test(error.message);
}

function parseSync(schema: ZodObject, input: unknown, endpoint: string): ReturnType<typeof safeParse> {
  try {
    return safeParse(schema, input);
  } catch (cause) {
    if (!(cause instanceof core.$ZodAsyncError)) throw cause;
    const problem =
      "a refinement or transformation in params gave a promise. Arguments are checked synchronously.";
    throw new EndpointDefinitionError(endpoint, problem, { cause });
  }
}

function own(values: object, name: string): unknown {
  return Object.hasOwn(values, name) ? (values as Record<string, unknown>)[name] : undefined;
}

/** A request without any body has no arguments, which is right for a method whose parameters are optional. */
function toRecord(input: unknown, source: ParameterSource, endpoint: string): object {
  if (input === undefined || input === null || input === "") return {};
  if (typeof input === "object" && !Array.isArray(input)) return input;
  const received = Array.isArray(input) ? "an array" : `a ${typeof input}`;
  const expected = source === "body" ? "a JSON object with the parameters by name" : "parameters by name";
  const message = `expected ${expected}, received ${received}`;
  throw new InvalidParametersError([{ path: [], message, code: "invalid_type" }], { endpoint });
}

/** `z.coerce.string()` would take a missing value for the text "undefined". */
function coercesAnything(field: core.$ZodType): boolean {
  const { def } = unwrap(field)._zod;
  return field._zod.optin === undefined && "coerce" in def && def.coerce === true;
}

function missing(name: string, field: core.$ZodType): Issue {
  const { type } = unwrap(field)._zod.def;
  return { path: [name], message: `missing (${type})`, code: "invalid_type" };
}
