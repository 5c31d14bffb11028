import type { ZodObject } from "zod";
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

/** Turns the query or the body of a request into the arguments of one endpoint. */
export interface RequestParser {
  /**
   * Gives the values by parameter name. Throws `InvalidParametersError` with all issues at once, each with
   * its path from the parameter's name; the path is empty only where the input as a whole is no object.
   */
  parse(input: unknown): Record<string, unknown>;
  /** Puts the values in the order of the method's parameters, with the context where it belongs. */
  toArguments(values: Record<string, unknown>, context: unknown): unknown[];
}
