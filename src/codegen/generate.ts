import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { glob } from "tinyglobby";
import { GenerateError } from "../errors/generate-errors.ts";
import { ManifestError } from "../errors/parameter-errors.ts";
import { DEFAULT_MANIFEST } from "../params/manifest.ts";
import type { Manifest } from "../params/types.ts";
import { printClientModule } from "../print/client-module.ts";
import { loadCompiler } from "../reflect/compiler.ts";
import type { ClientConfig, PinestreamConfig } from "./config.ts";
import { createManifest } from "./create-manifest.ts";
import { describeEndpoints, type DescribedEndpoint, type DescribedEndpoints } from "./describe-endpoints.ts";
import { findEndpoints } from "./find-endpoints.ts";

/** Where models are looked for unless the configuration says otherwise. */
export const DEFAULT_MODELS = ["src/**/*.model.ts"];

/** Where the client is written to unless the configuration says otherwise. */
export const DEFAULT_CLIENT = "src/generated/api.ts";

const DEFAULT_WIDTH = 110;

/** What to read and what to write. */
export interface GenerateOptions extends PinestreamConfig {
  /** Folder that the other paths start from; the working directory by default. */
  root?: string;
  /** `true` to write nothing and only tell which files are not up to date. */
  check?: boolean;
  /** Ends the work. */
  signal?: AbortSignal;
}

/** A file that was written, or would have been. */
export interface GeneratedFile {
  /** Absolute path. */
  path: string;
  /** Whether the file was not there or said something else before. */
  changed: boolean;
  /** How many endpoints it has. */
  endpoints: number;
}

/** What became of it all. */
export interface Generated {
  manifest: GeneratedFile & { content: Manifest };
  clients: GeneratedFile[];
  /** Absolute paths of the files with models. */
  models: string[];
  /** Files whose change may change the result, models included. */
  dependencies: string[];
}

/**
 * Describes the endpoints of a project and writes its manifest and its typed clients, each only if it says
 * something new. The same source always gives the same bytes. With clients the models run, in a process of
 * their own.
 *
 * @throws ManifestError when no file matches, or ts-morph is not installed.
 * @throws ParameterDescriptionError naming every parameter that no request can carry.
 * @throws GenerateError when a model cannot be loaded, or two endpoints have the same name in a client.
 */
export async function generate(options: GenerateOptions = {}): Promise<Generated> {
  const { root = process.cwd(), check = false, clients = [{ output: DEFAULT_CLIENT }], signal } = options;
  const models = await findModels(root, options.models ?? DEFAULT_MODELS, clients);
  const compiler = await loadCompiler();
  if (!compiler) {
    throw new ManifestError(
      "The source is read with ts-morph, which is not installed. Run `npm install -D ts-morph`.",
    );
  }
  const found = findEndpoints(compiler.ts, models.all);
  const content = await createManifest(found, root);
  const described: DescribedEndpoints =
    clients.length === 0
      ? { endpoints: [], definitions: {}, dependencies: [] }
      : await describeEndpoints({ root, files: models.all, compiler, found, manifest: content, signal });
  const outputs = clients.map((client, index) => {
    const files = models.ofClients[index];
    const endpoints = described.endpoints.filter(({ file }) => !files || files.has(file));
    return { client, endpoints, text: printClient(client, sortEndpoints(endpoints, root), described) };
  });
  // Nothing is written before all of it is known.
  signal?.throwIfAborted();
  const write = (path: string, text: string): { path: string; changed: boolean } =>
    writeOutput(resolve(root, path), text, check);
  const count = Object.values(content.endpoints).flatMap((methods) => Object.keys(methods)).length;
  const manifest = write(options.manifest ?? DEFAULT_MANIFEST, `${JSON.stringify(content, undefined, 2)}\n`);
  return {
    manifest: { ...manifest, endpoints: count, content },
    clients: outputs.map(({ client, endpoints, text }) => ({
      ...write(client.output, text),
      endpoints: endpoints.length,
    })),
    models: models.all,
    dependencies: [...new Set([...models.all, ...described.dependencies])],
  };
}

/** Lists the files with models, sorted; for each client that has globs of its own, also those. */
export async function findModels(
  root: string,
  models: string | readonly string[],
  clients: readonly ClientConfig[],
): Promise<{ all: string[]; ofClients: (ReadonlySet<string> | undefined)[] }> {
  const own = await Promise.all(
    clients.map(async (client) =>
      client.models === undefined ? undefined : await list(root, client.models),
    ),
  );
  const needsCommon = own.length === 0 || own.includes(undefined);
  const common = needsCommon ? await list(root, models) : await list(root, models).catch(() => []);
  return {
    all: [...new Set([...common, ...own.flatMap((files) => files ?? [])])].sort(),
    ofClients: own.map((files) => new Set(files ?? common)),
  };
}

async function list(root: string, globs: string | readonly string[]): Promise<string[]> {
  const patterns = typeof globs === "string" ? [globs] : [...globs];
  const files = await glob(patterns, {
    cwd: root,
    absolute: true,
    ignore: ["**/node_modules/**", "**/*.d.ts", "**/*.d.mts", "**/*.d.cts"],
  });
  if (files.length > 0) return files;
  throw new ManifestError(
    `No file matches ${patterns.map((each) => JSON.stringify(each)).join(", ")} below ${root}. ` +
      "Name the files that have your models with --models, or with `models` in pinestream.config.ts.",
  );
}

/** Sorts endpoints by their names in the client. @throws GenerateError when two have the same. */
function sortEndpoints(endpoints: readonly DescribedEndpoint[], root: string): DescribedEndpoint[] {
  const byName = new Map<string, DescribedEndpoint>();
  for (const endpoint of endpoints) {
    const name = `${endpoint.model}.${endpoint.method}`;
    const other = byName.get(name);
    if (other) {
      const [first, second] = [other, endpoint].map((each) => `${each.name} (${relative(root, each.file)})`);
      throw new GenerateError(
        `${first} and ${second} would both be api.${name} in the client. Rename one of the classes or methods, ` +
          "or give one a `resourceName` of its own.",
      );
    }
    byName.set(name, endpoint);
  }
  const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
  return [...byName.values()].sort((a, b) => compare(a.model, b.model) || compare(a.method, b.method));
}

function printClient(
  client: ClientConfig,
  endpoints: DescribedEndpoint[],
  { definitions }: DescribedEndpoints,
): string {
  const { printWidth = DEFAULT_WIDTH, baseUrl, prefix } = client;
  const defaults = {
    ...(baseUrl === undefined ? {} : { baseUrl }),
    ...(prefix === undefined ? {} : { prefix }),
  };
  return printClientModule({ endpoints, definitions, printWidth, defaults });
}

function writeOutput(path: string, text: string, check: boolean): { path: string; changed: boolean } {
  const changed = !existsSync(path) || readFileSync(path, "utf8") !== text;
  if (changed && !check) {
    mkdirSync(dirname(path), { recursive: true });
    const draft = `${path}.${process.pid}.tmp`;
    writeFileSync(draft, text);
    renameSync(draft, path);
  }
  return { path, changed };
}
