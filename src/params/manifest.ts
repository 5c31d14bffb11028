import { readFileSync } from "node:fs";
import { z } from "zod";
import { formatIssues } from "../errors/base.ts";
import { ManifestError } from "../errors/parameter-errors.ts";
import { suggest } from "../errors/suggest.ts";
import type { Manifest, MethodDescription, TypeDescription } from "./types.ts";

/** What to run when a manifest is missing or old. */
export const GENERATE_COMMAND = "npx pinestream generate";

/** Where the manifest is written and looked for unless the application says otherwise. */
export const DEFAULT_MANIFEST = "src/pinestream.manifest.json";

const typeSchema: z.ZodType<TypeDescription> = z.lazy(() =>
  z.discriminatedUnion("kind", [
    z.object({
      kind: z.enum(["string", "number", "boolean", "bigint", "date", "null", "undefined", "unknown"]),
    }),
    z.object({
      kind: z.literal("literal"),
      values: z.array(z.union([z.string(), z.number(), z.boolean()])).min(1),
    }),
    z.object({ kind: z.literal("array"), of: typeSchema }),
    z.object({ kind: z.literal("tuple"), items: z.array(typeSchema) }),
    z.object({ kind: z.literal("object"), properties: z.array(propertySchema), rest: typeSchema.optional() }),
    z.object({ kind: z.literal("record"), of: typeSchema }),
    z.object({ kind: z.literal("union"), of: z.array(typeSchema).min(1) }),
  ]),
);

const propertySchema = z.object({
  name: z.string(),
  type: typeSchema,
  optional: z.literal(true).optional(),
});

const methodSchema: z.ZodType<MethodDescription> = z.object({
  parameters: z.array(
    z.union([
      z.object({ name: z.string(), context: z.literal(true) }),
      propertySchema.extend({ initializer: z.literal(true).optional() }),
    ]),
  ),
});

const manifestSchema: z.ZodType<Manifest> = z.object({
  version: z.literal(1),
  endpoints: z.record(z.string(), z.record(z.string(), methodSchema)),
});

/** Tells whether a value of unknown origin, such as a cache, describes a method. */
export function isMethodDescription(value: unknown): value is MethodDescription {
  return methodSchema.safeParse(value).success;
}

/**
 * Reads a manifest, given as the path of its file or as its content.
 *
 * @throws ManifestError when it cannot be read or is none.
 */
export function loadManifest(pathOrContent: string | Manifest): Manifest {
  const isPath = typeof pathOrContent === "string";
  const name = isPath ? `Manifest ${JSON.stringify(pathOrContent)}` : "The manifest";
  const result = manifestSchema.safeParse(isPath ? readJSONFile(pathOrContent, name) : pathOrContent);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({
    path: path.map((key) => (typeof key === "symbol" ? String(key) : key)),
    message,
  }));
  throw new ManifestError(
    `${name} was not written by this version of pinestream (${formatIssues(issues)}). Run \`${GENERATE_COMMAND}\`.`,
  );
}

function readJSONFile(path: string, name: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ManifestError(`${name} cannot be read (${reason}). Run \`${GENERATE_COMMAND}\`.`, { cause });
  }
}

/** A method as it runs, to be compared with what a manifest says about it. */
export interface RunningMethod {
  className: string;
  methodName: string;
  /** `length` of the function: its parameters before the first one with an initialiser. */
  length: number;
  /** As in the function's own text, where that tells. */
  parameterNames?: readonly string[];
}

/** Finds what a manifest says about a method. */
export function findInManifest(manifest: Manifest, method: RunningMethod): MethodDescription | undefined {
  const { endpoints } = manifest;
  const methods = Object.hasOwn(endpoints, method.className) ? endpoints[method.className] : undefined;
  return methods && Object.hasOwn(methods, method.methodName) ? methods[method.methodName] : undefined;
}

/**
 * Makes sure that a manifest was made from the classes that run: each of its methods is there, with as many
 * arguments in the same order. `methods` are all endpoints of the classes in question, unless `partial` is set;
 * those that the manifest does not know are left to the caller.
 *
 * @throws ManifestError naming every method that differs, and the command that renews the manifest.
 */
export function assertManifestFits(
  manifest: Manifest,
  methods: readonly RunningMethod[],
  { partial = false }: { partial?: boolean } = {},
): void {
  const problems = methods.flatMap((method) => {
    const description = findInManifest(manifest, method);
    const difference = description && describeDifference(description, method);
    return difference ? [`${method.className}.${method.methodName} ${difference}`] : [];
  });
  for (const className of partial ? [] : new Set(methods.map((method) => method.className))) {
    const running = methods.filter((method) => method.className === className).map((each) => each.methodName);
    const described = Object.hasOwn(manifest.endpoints, className) ? manifest.endpoints[className] : {};
    for (const methodName of Object.keys(described ?? {})) {
      if (running.includes(methodName)) continue;
      problems.push(`${className}.${methodName} is no endpoint any more.${suggest(methodName, running)}`);
    }
  }
  if (problems.length === 0) return;
  throw new ManifestError(
    `The manifest does not fit the classes that run. Run \`${GENERATE_COMMAND}\`.\n${problems.join("\n")}`,
  );
}

function describeDifference(description: MethodDescription, method: RunningMethod): string | undefined {
  const { parameters } = description;
  const firstInitialized = parameters.findIndex((each) => !each.context && each.initializer);
  const length = firstInitialized < 0 ? parameters.length : firstInitialized;
  if (length !== method.length) {
    return `takes ${method.length} arguments before the first default, in the manifest ${length}.`;
  }
  // Names that are wholly different may come from a minifier; the same ones in another order can not.
  const described = parameters.map((each) => each.name);
  const running = method.parameterNames ?? described;
  const isReordered =
    described.join() !== running.join() && described.toSorted().join() === running.toSorted().join();
  if (isReordered) return `takes (${running.join(", ")}), in the manifest (${described.join(", ")}).`;
  return undefined;
}
