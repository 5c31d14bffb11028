import type { ZodObject } from "zod";

import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import type { MethodDescription } from "../params/types.ts";

/**
 * Gives arguments their names.
 *
 * @throws EndpointDefinitionError if there are more arguments than the method takes.
 */
export function nameArguments(
  endpoint: string,
  parameters: MethodDescription | ZodObject,
  args: readonly unknown[],
): Record<string, unknown> {
  const names = namesOf(parameters);
  if (args.length > names.length) {
    throw new EndpointDefinitionError(
      endpoint,
      `takes ${names.length} arguments beside the context (${names.join(", ") || "none"}), but args has ${args.length}.`,
    );
  }
  return Object.fromEntries(args.map((value, index) => [names[index], value]));
}

function namesOf(parameters: MethodDescription | ZodObject): string[] {
  if (!("parameters" in parameters)) return Object.keys(parameters.shape);
  return parameters.parameters.filter((parameter) => !("context" in parameter)).map(({ name }) => name);
}
