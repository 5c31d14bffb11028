import { readFileSync } from "node:fs";
import { isPinestreamError } from "../errors/base.ts";
import { suggest } from "../errors/suggest.ts";
import { openDatabase } from "../database/database.ts";
import { parseOptions, UsageError, type Output } from "./arguments.ts";
import { runGenerate } from "./generate.ts";

const HELP = `pinestream: typed event streams and JSON endpoints

Usage: pinestream <command> [options]

Commands:
  generate            Write the typed client and, for production, the manifest of the endpoints' parameters
    --config FILE     The configuration (default: pinestream.config.ts, if there is one); flags win over it
    --models GLOB     Files that have models; may be repeated (default: src/**/*.model.ts)
    --manifest FILE   The manifest to write (default: src/pinestream.manifest.json)
    --client FILE     The client to write; may be repeated (default: src/generated/api.ts)
    --no-client       Write the manifest alone, without running the models
    --check           Write nothing; fail if a file is not up to date
    --watch           Go on, and write again whenever a model or what it imports has changed
  migrate             Run the migrations that have not run yet
    --migrations DIR  Folder of the migrations (default: migrations)
    --url URL         postgres://… of the database (default: $DATABASE_URL)
    --data-dir DIR    Folder of an embedded database, in place of a server

Options:
  --help              Show this text
  --version           Show the version`;

type Command = (args: string[], output: Output) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { generate: runGenerate, migrate };

/**
 * Runs the command line. Gives the exit code: 0 when all is well, 1 when the command failed or `--check` found
 * an old file, 2 when the command line is wrong.
 */
export async function run(args: readonly string[], output: Output = console): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined || args.includes("--help") || args.includes("-h") || name === "help") {
      output.log(HELP);
      return name === undefined ? 2 : 0;
    }
    if (name === "--version" || name === "-v") {
      output.log(readVersion());
      return 0;
    }
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (command) return await command(rest, output);
    const known = Object.keys(COMMANDS);
    throw new UsageError(
      `There is no command ${JSON.stringify(name)} (${known.join(", ")}).${suggest(name, known)}`,
    );
  } catch (error) {
    if (error instanceof UsageError) {
      output.error(`${error.message}\nSee \`pinestream --help\`.`);
      return 2;
    }
    output.error(isPinestreamError(error) ? error.message : describeUnexpected(error));
    return 1;
  }
}

async function migrate(args: string[], output: Output): Promise<number> {
  const options = parseOptions(args, {
    migrations: { type: "string" },
    url: { type: "string" },
    "data-dir": { type: "string" },
  });
  const { migrations = "migrations", "data-dir": dataDir } = options;
  const url = options.url ?? (dataDir === undefined ? process.env["DATABASE_URL"] : "");
  if (dataDir === undefined ? !url : options.url !== undefined) {
    throw new UsageError(
      "Which database? Set DATABASE_URL, or give either --url or --data-dir. An embedded database in memory " +
        "lives inside the server, which migrates it at start (`database.migrations`).",
    );
  }
  const database = openDatabase({ url, dataDir, migrations });
  try {
    const names = await database.migrate();
    for (const name of names) output.log(`ran ${name}`);
    output.log(names.length > 0 ? "The database is up to date." : "The database was up to date already.");
  } finally {
    await database.close();
  }
  return 0;
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function describeUnexpected(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
