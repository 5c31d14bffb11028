import { modelName } from "../schema/model-name.ts";
import { toPascalCase } from "../shape/words.ts";

/** What an endpoint's names are made from. */
export interface NamedByClass {
  className: string;
  methodName: string;
  resourceName?: string | undefined;
}

/** Names an endpoint in generated code: its place in the api, and what its types' names begin with. */
export function nameEndpoint({ className, methodName, resourceName }: NamedByClass): {
  model: string;
  method: string;
  typeName: string;
} {
  const model = resourceName ?? modelName(className);
  return { model, method: methodName, typeName: toPascalCase(model) + toPascalCase(methodName) };
}
