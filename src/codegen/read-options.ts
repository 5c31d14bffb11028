import { existsSync } from "node:fs";
import { dirname, relative, resolve } from "node:path";
import { ConfigError } from "../errors/generate-errors.ts";
import { parseConfig, type PinestreamConfig } from "./config.ts";
import type { GenerateOptions } from "./generate.ts";
import { loadConfigFile } from "./module-process.ts";

/** Names that the configuration is looked for under. */
const CONFIG_FILES = ["ts", "mts", "js", "mjs"].map((extension) => `pinestream.config.${extension}`);

/** What the command line says; it wins over the configuration. Paths start from the working directory. */
export interface Overrides {
  /** The configuration; one of the usual names in the working directory by default. */
  config?: string | undefined;
  models?: readonly string[] | undefined;
  manifest?: string | undefined;
  /** Files of clients, in place of the configuration's; empty for none. */
  clients?: readonly string[] | undefined;
}

/** Options of a run, and the file that they were read from. */
export interface ReadOptions {
  options: GenerateOptions;
  configFile: string | undefined;
}

/**
 * Reads the configuration where there is one, and puts what the command line says in its place. A client on the
 * command line keeps the other options that the configuration has for the same file.
 *
 * @throws ConfigError when the configuration is missing or wrong.
 * @throws GenerateError when it cannot be loaded.
 */
export async function readOptions(
  overrides: Overrides,
  { cwd = process.cwd(), signal }: { cwd?: string; signal?: AbortSignal } = {},
): Promise<ReadOptions> {
  const configFile = findConfig(overrides.config, cwd);
  const root = configFile === undefined ? cwd : dirname(configFile);
  const config: PinestreamConfig =
    configFile === undefined
      ? {}
      : parseConfig(await loadConfigFile(configFile, { root, signal }), relative(cwd, configFile));
  const fromCwd = (path: string): string => resolve(cwd, path);
  const { models, manifest, clients } = overrides;
  return {
    configFile,
    options: {
      ...config,
      root,
      ...(models ? { models: models.map((each) => toGlob(each, cwd, root)) } : {}),
      ...(manifest === undefined ? {} : { manifest: fromCwd(manifest) }),
      ...(clients
        ? {
            clients: clients.map((path) => {
              const configured = config.clients?.find(
                ({ output }) => resolve(root, output) === fromCwd(path),
              );
              return { ...configured, output: fromCwd(path) };
            }),
          }
        : {}),
    },
  };
}

/** A glob of the command line starts from the working directory, which may not be where the others start from. */
function toGlob(glob: string, cwd: string, root: string): string {
  if (cwd === root) return glob;
  const isNegated = glob.startsWith("!");
  const path = resolve(cwd, isNegated ? glob.slice(1) : glob).replaceAll("\\", "/");
  return isNegated ? `!${path}` : path;
}

function findConfig(path: string | undefined, cwd: string): string | undefined {
  if (path === undefined)
    return CONFIG_FILES.map((name) => resolve(cwd, name)).find((each) => existsSync(each));
  const file = resolve(cwd, path);
  if (existsSync(file)) return file;
  throw new ConfigError(
    `There is no configuration at ${JSON.stringify(path)} (looked in ${cwd}). Correct --config.`,
  );
}
