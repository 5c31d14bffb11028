import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { glob } from "tinyglobby";
import { ManifestError, ParameterDescriptionError } from "../errors/parameter-errors.ts";
import { DEFAULT_MANIFEST } from "../params/manifest.ts";
import type { Manifest, MethodDescription } from "../params/types.ts";
import { loadCompiler } from "../reflect/compiler.ts";
import { describeMethods } from "../reflect/describe-methods.ts";
import { findEndpoints, type FoundEndpoint } from "./find-endpoints.ts";

/** Where models are looked for unless the application says otherwise. */
export const DEFAULT_MODELS = ["src/**/*.model.ts"];

/** What to read and what to write. */
export interface WriteManifestOptions {
  /** Folder that the other paths start from; the working directory by default. */
  root?: string;
  /** Globs of the files with models; `src/**\/*.model.ts` by default. */
  models?: readonly string[];
  /** Path of the manifest; `src/pinestream.manifest.json` by default. */
  manifest?: string;
  /** `true` to write nothing and only tell whether the file is up to date. */
  check?: boolean;
}

/** What became of the manifest. */
export interface WrittenManifest {
  /** Absolute path of the file. */
  path: string;
  content: Manifest;
  /** Whether the file was not there or said something else before. */
  changed: boolean;
}

/**
 * Describes the endpoints of a project from its source, and writes the manifest if it says something new.
 * The same source always gives the same bytes.
 *
 * @throws ParameterDescriptionError naming every parameter that no request can carry.
 * @throws ManifestError when no file matches, or ts-morph is not installed.
 */
export async function writeManifest(options: WriteManifestOptions = {}): Promise<WrittenManifest> {
  const {
    root = process.cwd(),
    models = DEFAULT_MODELS,
    manifest = DEFAULT_MANIFEST,
    check = false,
  } = options;
  const path = resolve(root, manifest);
  const content = await createManifest(root, models);
  const text = `${JSON.stringify(content, undefined, 2)}\n`;
  const changed = !existsSync(path) || readFileSync(path, "utf8") !== text;
  if (changed && !check) {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}.tmp`;
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
  return { path, content, changed };
}

async function createManifest(root: string, models: readonly string[]): Promise<Manifest> {
  const files = await glob([...models], {
    cwd: root,
    absolute: true,
    ignore: ["**/node_modules/**", "**/*.d.ts", "**/*.d.mts", "**/*.d.cts"],
  });
  if (files.length === 0) {
    throw new ManifestError(
      `No file matches ${models.map((each) => JSON.stringify(each)).join(", ")} below ${root}. ` +
        "Name the files that have your models with --models.",
    );
  }
  const compiler = await loadCompiler();
  if (!compiler) {
    throw new ManifestError(
      "The source is read with ts-morph, which is not installed. Run `npm install -D ts-morph`.",
    );
  }
  const endpoints = findEndpoints(compiler.ts, files.sort()).filter(({ hasParams }) => hasParams !== true);
  return { version: 1, endpoints: sortEndpoints(await describe(endpoints), root) };
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
