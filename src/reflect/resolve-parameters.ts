import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { ZodObject } from "zod";
import { ParameterDescriptionError } from "../errors/parameter-errors.ts";
import {
  assertManifestFits,
  DEFAULT_MANIFEST,
  findInManifest,
  GENERATE_COMMAND,
  loadManifest,
  type RunningMethod,
} from "../params/manifest.ts";
import type { Manifest, MethodDescription } from "../params/types.ts";
import type { DeclarationSite } from "../scope/declaration-site.ts";

/** A method whose parameters have to be known before the server starts. */
export interface MethodToResolve extends RunningMethod {
  /** Where it was decorated, if that could be told. */
  site?: DeclarationSite;
  /** The `params` option of its decorators; it goes before everything else. */
  params?: ZodObject;
}

/** Where to look for descriptions. */
export interface ResolveOptions {
  /** Path of the manifest, from `root`, or its content; `src/pinestream.manifest.json` if that exists. */
  manifest?: string | Manifest;
  /** Whether the TypeScript source is out of reach: then neither it nor ts-morph is touched. */
  production: boolean;
  /**
   * `true` where the methods are only some of their classes' endpoints, so that what else the manifest says of
   * these classes is of no concern.
   */
  partial?: boolean;
  /** Folder that paths start from; the working directory by default. */
  root?: string;
}

/**
 * Finds out the parameters of methods: from `params`, else outside production from the TypeScript source, else
 * from the manifest. A method without any parameter needs none of these.
 *
 * @throws ParameterDescriptionError naming every method that none of them tells, or whose types cannot be
 * carried by a request, and what to do.
 * @throws ManifestError when the manifest is needed and cannot be read or does not fit.
 */
export async function resolveParameters<M extends MethodToResolve>(
  methods: readonly M[],
  options: ResolveOptions,
): Promise<Map<M, MethodDescription | ZodObject>> {
  const found = new Map<M, MethodDescription | ZodObject>();
  assertParamsFit(methods);
  for (const method of methods) {
    if (method.params) found.set(method, method.params);
    else if (method.length === 0 && method.parameterNames?.length === 0)
      found.set(method, { parameters: [] });
  }
  if (!options.production) await addFromSource(methods, found);
  const open = methods.filter((method) => !found.has(method));
  if (open.length > 0) addFromManifest(methods, open, found, options);
  return found;
}

/** The context comes after the keys of `params`, so that a method with more arguments would get it too early. */
function assertParamsFit(methods: readonly MethodToResolve[]): void {
  const problems = methods.flatMap(({ className, methodName, length, params }) => {
    const keys = Object.keys(params?.shape ?? {});
    if (!params || length <= keys.length + 1) return [];
    const problem =
      `takes ${length} arguments, but its \`params\` only has (${keys.join(", ")}), after which the context ` +
      "comes. Give `params` a key for each argument, in their order.";
    return [{ endpoint: `${className}.${methodName}`, problem }];
  });
  if (problems.length > 0) throw new ParameterDescriptionError(problems);
}

async function addFromSource<M extends MethodToResolve>(
  methods: readonly M[],
  found: Map<M, MethodDescription | ZodObject>,
): Promise<void> {
  const open = methods.filter((method) => !found.has(method) && method.site);
  if (open.length === 0) return;
  const { describeMethods } = await import("./describe-methods.ts");
  const requests = new Map(
    open.map((method) => [
      { ...method, file: method.site?.file ?? "", line: method.site?.line, column: method.site?.column },
      method,
    ]),
  );
  for (const [request, description] of await describeMethods([...requests.keys()])) {
    const method = requests.get(request);
    if (method) found.set(method, description);
  }
}

function addFromManifest<M extends MethodToResolve>(
  methods: readonly M[],
  open: readonly M[],
  found: Map<M, MethodDescription | ZodObject>,
  options: ResolveOptions,
): void {
  const manifest = findManifest(options);
  if (manifest) {
    const classes = new Set(open.map((method) => method.className));
    assertManifestFits(
      manifest,
      methods.filter((method) => classes.has(method.className)),
      { partial: options.partial },
    );
  }
  const unknown: M[] = [];
  for (const method of open) {
    const description = manifest && findInManifest(manifest, method);
    if (description) found.set(method, description);
    else unknown.push(method);
  }
  if (unknown.length === 0) return;
  throw new ParameterDescriptionError(
    unknown.map(({ className, methodName }) => ({
      endpoint: `${className}.${methodName}`,
      problem: `its parameters are unknown: no \`params\` option, ${explain(options, manifest)}.`,
    })),
    { advice: `Run \`${GENERATE_COMMAND}\`, or give these methods a \`params\` option.` },
  );
}

function findManifest({ manifest, root = process.cwd() }: ResolveOptions): Manifest | undefined {
  if (manifest !== undefined && typeof manifest !== "string") return loadManifest(manifest);
  const path = resolve(root, manifest ?? DEFAULT_MANIFEST);
  return manifest === undefined && !existsSync(path) ? undefined : loadManifest(path);
}

function explain({ production, manifest }: ResolveOptions, loaded: Manifest | undefined): string {
  const source = production
    ? "production (NODE_ENV) does not read the source"
    : "no TypeScript source was found";
  if (loaded) return `${source}, and the manifest does not have it`;
  return `${source}, and there is no manifest at ${JSON.stringify(manifest ?? DEFAULT_MANIFEST)}`;
}
