import { relative } from "node:path";
import { ParameterDescriptionError } from "../errors/parameter-errors.ts";
import type { Manifest, MethodDescription } from "../params/types.ts";
import { describeMethods } from "../reflect/describe-methods.ts";
import type { FoundEndpoint } from "./find-endpoints.ts";

/**
 * Describes the parameters of endpoints, those apart whose `params` tell them. The same endpoints give the same
 * manifest, in whatever order they come.
 *
 * @param root The folder that paths in messages start from.
 * @throws ParameterDescriptionError naming every parameter that no request can carry.
 */
export async function createManifest(endpoints: readonly FoundEndpoint[], root: string): Promise<Manifest> {
  const open = endpoints.filter(({ hasParams }) => hasParams !== true);
  return { version: 1, endpoints: sortEndpoints(await describe(open), root) };
}

async function describe(endpoints: readonly FoundEndpoint[]): Promise<Map<FoundEndpoint, MethodDescription>> {
  const described = await describeMethods(endpoints.filter(({ hasParams }) => !hasParams));
  for (const endpoint of endpoints) {
    if (endpoint.hasParams !== "maybe") continue;
    try {
      for (const [key, description] of await describeMethods([endpoint])) described.set(key, description);
    } catch (error) {
      // If it turns out to have no `params` after all, the server refuses to start and names it.
      if (!(error instanceof ParameterDescriptionError)) throw error;
    }
  }
  return described;
}

function sortEndpoints(
  described: ReadonlyMap<FoundEndpoint, MethodDescription>,
  root: string,
): Manifest["endpoints"] {
  const classes = new Map<string, Map<string, { description: MethodDescription; file: string }>>();
  for (const [{ className, methodName, file }, description] of described) {
    const methods =
      classes.get(className) ?? new Map<string, { description: MethodDescription; file: string }>();
    classes.set(className, methods);
    const before = methods.get(methodName);
    if (before && JSON.stringify(before.description) !== JSON.stringify(description)) {
      const places = [before.file, file].map((each) => relative(root, each)).join(" and ");
      const problem = `${places} have a class of this name each, and their parameters differ. Rename one class.`;
      throw new ParameterDescriptionError([{ endpoint: `${className}.${methodName}`, problem }]);
    }
    methods.set(methodName, { description, file });
  }
  return Object.fromEntries(
    sorted(classes).map(([name, methods]) => [
      name,
      Object.fromEntries(sorted(methods).map(([method, { description }]) => [method, description])),
    ]),
  );
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([left], [right]) => (left < right ? -1 : left > right ? 1 : 0));
}
