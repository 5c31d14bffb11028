// Generates again whenever something changes that the result depends on.

import { dirname } from "node:path";
import { glob } from "tinyglobby";
import { DEFAULT_MODELS, findModels, generate, type Generated, type GenerateOptions } from "./generate.ts";
import { readOptions, type Overrides } from "./read-options.ts";
import { WatchedFolders } from "./watched-folders.ts";

/** What becomes of the runs. */
export interface WatchOptions {
  /** Ends the watching. */
  signal: AbortSignal;
  /** The folder that paths start from; the working directory by default. */
  cwd?: string;
  onGenerated(generated: Generated, isFirst: boolean): void;
  /** Told why a run has failed; the next change starts another one. */
  onError(error: unknown): void;
}

/** Generates now and after each change, until the signal aborts. Every run loads the modules afresh. */
export async function watch(overrides: Overrides, options: WatchOptions): Promise<void> {
  const { signal, cwd = process.cwd(), onGenerated, onError } = options;
  using watched = new WatchedFolders(signal);
  let isFirst = true;
  let dependencies: string[] = [];
  while (!signal.aborted) {
    let current: GenerateOptions = { root: cwd };
    // Those of the last run that went well; `undefined` after one that failed, of which nobody knows on what.
    let models: string[] | undefined;
    try {
      const { options: read, configFile } = await readOptions(overrides, { cwd, signal });
      current = read;
      // From before the run on, so that no change is missed while it goes on.
      watched.set(await listFolders(current, dependencies), undefined);
      const generated = await generate({ ...current, signal });
      dependencies = [...generated.dependencies, ...(configFile === undefined ? [] : [configFile])];
      models = generated.models;
      onGenerated(generated, isFirst);
      isFirst = false;
    } catch (error) {
      if (signal.aborted) return;
      onError(error);
    }
    for (;;) {
      watched.set(await listFolders(current, dependencies), models && dependencies);
      const matters = await watched.nextChange();
      // Another file may be a new model, or one that a pattern takes for a model no longer.
      if (matters || !models || (await areOthers(current, models))) break;
    }
  }
}

/** Tells whether the models are no longer the same files. */
async function areOthers(
  { root = ".", models = DEFAULT_MODELS, clients = [] }: GenerateOptions,
  before: string[],
): Promise<boolean> {
  const { all } = await findModels(root, models, clients).catch(() => ({ all: [] as string[] }));
  return all.join("\n") !== before.join("\n");
}

/** Lists the folders of files that matter, and those in which models may turn up. */
async function listFolders(options: GenerateOptions, dependencies: readonly string[]): Promise<string[]> {
  const { root = ".", models = DEFAULT_MODELS, clients = [] } = options;
  const globs = [models, ...clients.flatMap((client) => client.models ?? [])].flat();
  const bases = globs.filter((each) => !each.startsWith("!")).map(baseOf);
  const found = await glob(
    bases.flatMap((base) => [base, `${base}/**`]),
    { cwd: root, absolute: true, onlyDirectories: true, ignore: ["**/node_modules/**", "**/.git/**"] },
  );
  return [root, ...found, ...dependencies.map((path) => dirname(path))];
}

/** Gives the folder that a glob starts from: what comes before its first part with a pattern in it. */
function baseOf(pattern: string): string {
  const parts = pattern.split("/").slice(0, -1);
  const first = parts.findIndex((part) => /[*?{}[\]()!+@]/.test(part));
  return (first < 0 ? parts : parts.slice(0, first)).join("/") || (pattern.startsWith("/") ? "/" : ".");
}
