import type { ZodObject } from "zod";

import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { createRequestParser } from "../params/request-parser.ts";
import type { MethodDescription } from "../params/types.ts";

/**
 * Puts arguments and context in the order in which the method takes them.
 *
 * @throws EndpointDefinitionError if there are more arguments than the method takes.
 */
export function toArguments(
  endpoint: string,
  parameters: MethodDescription | ZodObject,
  args: readonly unknown[],
  context: unknown,
): unknown[] {
  const names = namesOf(parameters);
  if (args.length > names.length) {
    throw new EndpointDefinitionError(
      endpoint,
      `takes ${names.length} arguments beside the context (${names.join(", ") || "none"}), but args has ${args.length}.`,
    );
  }
  const values = Object.fromEntries(args.map((value, index) => [names[index], value]));
  return createRequestParser({ endpoint, parameters, source: "body" }).toArguments(values, context);
}

function namesOf(parameters: MethodDescription | ZodObject): string[] {
  if (!("parameters" in parameters)) return Object.keys(parameters.shape);
  return parameters.parameters.filter((parameter) => !("context" in parameter)).map(({ name }) => name);
}
