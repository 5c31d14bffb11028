import type { z } from "zod";

import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import type { DeclarationSite } from "../scope/declaration-site.ts";
import { modelName } from "../schema/model-name.ts";
import { checkDeclaration, checkOverride } from "./check.ts";
import { declarationsOf, type Declaration, type Method } from "./declarations.ts";
import type { APIOptions, EndpointOptions, HTTPMethod, StreamOptions } from "./options.ts";

/** A method of a model with all that was declared for it; checked, and the same for every request. */
export interface Endpoint {
  /** `ClassName.methodName`, as errors and logs name it. */
  name: string;
  className: string;
  methodName: string;
  /** The instance on which the method is called. */
  model: object;
  /** The method as it was declared, for its arity and the names of its parameters. */
  method: Method;
  site: DeclarationSite | undefined;
  httpMethod: HTTPMethod;
  /** Path below the prefix. */
  path: string;
  /** `true` where `path` was given and may thus hold parameters. */
  hasOwnPath: boolean;
  guards: readonly string[];
  params: z.ZodObject | undefined;
  /** For generated code. */
  description: string | undefined;
  resourceName: string | undefined;
  /** Options of `@stream`; `undefined` for a JSON endpoint. */
  stream: StreamOptions | undefined;
  api: APIOptions;
}

/**
 * Lists the endpoints of a model.
 *
 * @throws EndpointDefinitionError when one cannot work, naming class and method.
 */
export function collectEndpoints(model: object): Endpoint[] {
  const { constructor } = model as { constructor: Method };
  return [...declarationsOf(constructor).values()].map((declaration) =>
    toEndpoint(model, constructor.name, declaration),
  );
}

function toEndpoint(model: object, className: string, declaration: Declaration): Endpoint {
  const { methodName, method, site, stream } = declaration;
  const name = `${className}.${methodName}`;
  const option = <K extends keyof EndpointOptions>(key: K): EndpointOptions[K] =>
    pick(name, declaration, key);
  const path = option("path");
  if (className === "" && path === undefined) {
    throw new EndpointDefinitionError(
      `(anonymous class).${methodName}`,
      "has no route, because its class has no name. Name the class or give the method a path.",
    );
  }
  checkDeclaration(name, declaration);
  checkOverride(name, declaration, (model as Record<string, unknown>)[methodName]);
  const endpoint: Endpoint = {
    name,
    className,
    methodName,
    model,
    method,
    site,
    httpMethod: option("httpMethod") ?? "GET",
    path: path ?? `/${modelName(className)}/${methodName}`,
    hasOwnPath: path !== undefined,
    guards: option("guards") ?? [],
    params: option("params"),
    description: option("description"),
    resourceName: option("resourceName"),
    stream,
    api: declaration.api ?? {},
  };
  checkPathParameters(endpoint);
  return endpoint;
}

/** An option may stand on either decorator. @throws EndpointDefinitionError when both have it and differ. */
function pick<K extends keyof EndpointOptions>(
  name: string,
  { stream, api }: Declaration,
  key: K,
): EndpointOptions[K] {
  const values = [stream?.[key], api?.[key]].filter((value) => value !== undefined);
  const [first, second] = values;
  if (values.length === 2 && JSON.stringify(first) !== JSON.stringify(second)) {
    throw new EndpointDefinitionError(
      name,
      `${key} is given on @stream and on @api, and they differ. Keep one of them.`,
    );
  }
  return first;
}

function checkPathParameters({ name, httpMethod, path }: Endpoint): void {
  if (path.includes("*") || (path.includes(":") && httpMethod !== "GET" && httpMethod !== "DELETE")) {
    throw new EndpointDefinitionError(
      name,
      `path ${JSON.stringify(path)} has parameters, which ${httpMethod} endpoints take from the body alone. ` +
        "Use a plain path.",
    );
  }
}
