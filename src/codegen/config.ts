import { z } from "zod";
import { ConfigError } from "../errors/generate-errors.ts";
import { suggest } from "../errors/suggest.ts";

/** A typed client to generate. */
export interface ClientConfig {
  /** The file to write, relative to the configuration: `src/generated/api.ts`. */
  output: string;
  /** Globs of the files whose models it shall have, relative to the configuration; all models by default. */
  models?: string | readonly string[];
  /** What `createApi` takes for `prefix` unless it is told otherwise; the server's default `/api` if not given. */
  prefix?: string;
  /** What `createApi` takes for `baseUrl` unless it is told otherwise; the page's own origin if not given. */
  baseUrl?: string;
  /** Longest line of the generated code; 110 by default. Set it to your formatter's. */
  printWidth?: number;
}

/** What `pinestream.config.ts` exports by default. */
export interface PinestreamConfig {
  /** Globs of the files with models, relative to the configuration; `src/**\/*.model.ts` by default. */
  models?: string | readonly string[];
  /** The manifest to write, relative to the configuration; `src/pinestream.manifest.json` by default. */
  manifest?: string;
  /** The clients to write: one, in `src/generated/api.ts`, by default; `[]` for none. */
  clients?: readonly ClientConfig[];
}

/** Gives the configuration as it is; its types help whoever writes it. */
export function defineConfig(config: PinestreamConfig): PinestreamConfig {
  return config;
}

const globs = z.union([z.string(), z.array(z.string())]);

const clientSchema = z.strictObject({
  output: z.string().min(1),
  models: globs.optional(),
  prefix: z.string().optional(),
  baseUrl: z.string().optional(),
  printWidth: z.int().min(20).optional(),
});

const configSchema = z.strictObject({
  models: globs.optional(),
  manifest: z.string().min(1).optional(),
  clients: z.array(clientSchema).optional(),
});

/**
 * Checks a configuration of unknown origin. `file` is its name, for messages.
 *
 * @throws ConfigError naming each option that is unknown or wrong.
 */
export function parseConfig(value: unknown, file: string): PinestreamConfig {
  if (value === undefined) {
    throw new ConfigError(`${file} has no default export. Write \`export default defineConfig({ … })\`.`);
  }
  const result = configSchema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.flatMap((issue) => {
    const place = issue.path
      .map((key) => (typeof key === "number" ? `[${key}]` : `.${String(key)}`))
      .join("");
    const name = place.replace(/^\./, "");
    if (issue.code !== "unrecognized_keys") return [`${name || "the default export"}: ${issue.message}`];
    const known = Object.keys((name === "" ? configSchema : clientSchema).shape);
    return issue.keys.map(
      (key) =>
        `${name && `${name}: `}there is no option ${JSON.stringify(key)} (${known.join(", ")}).${suggest(key, known)}`,
    );
  });
  throw new ConfigError(`${file}: ${problems.join("\n")}`);
}
