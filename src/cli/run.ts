import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { writeManifest } from "../codegen/write-manifest.ts";
import { isPinestreamError } from "../errors/base.ts";
import { suggest } from "../errors/suggest.ts";
import { openDatabase } from "../database/database.ts";

/** Where the command line writes to. */
export interface Output {
  log(message: string): void;
  error(message: string): void;
}

const HELP = `pinestream: typed event streams and JSON endpoints

Usage: pinestream <command> [options]

Commands:
  generate            Describe the endpoints' parameters in a manifest, for production
    --models GLOB     Files that have models; may be repeated (default: src/**/*.model.ts)
    --manifest FILE   The manifest to write (default: src/pinestream.manifest.json)
    --check           Write nothing; fail if the manifest is not up to date
  migrate             Run the migrations that have not run yet
    --migrations DIR  Folder of the migrations (default: migrations)
    --url URL         postgres://… of the database (default: $DATABASE_URL)
    --data-dir DIR    Folder of an embedded database, in place of a server

Options:
  --help              Show this text
  --version           Show the version`;

/** A mistake in the command line itself. */
class UsageError extends Error {}

type Command = (args: string[], output: Output) => Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = { generate, migrate };

/**
 * Runs the command line. Gives the exit code: 0 when all is well, 1 when the command failed or `--check` found
 * an old manifest, 2 when the command line is wrong.
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

async function generate(args: string[], output: Output): Promise<number> {
  const { models, manifest, check } = parse(args, {
    models: { type: "string", multiple: true },
    manifest: { type: "string" },
    check: { type: "boolean" },
  });
  const written = await writeManifest({ models, manifest, check });
  const path = relative(process.cwd(), written.path);
  const count = Object.values(written.content.endpoints).flatMap((methods) => Object.keys(methods)).length;
  const endpoints = `${count} ${count === 1 ? "endpoint" : "endpoints"}`;
  if (check && written.changed) {
    output.error(`${path} is not up to date. Run \`npx pinestream generate\`.`);
    return 1;
  }
  output.log(`${path} ${written.changed ? "written" : "is up to date"} (${endpoints}).`);
  return 0;
}

async function migrate(args: string[], output: Output): Promise<number> {
  const options = parse(args, {
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

type OptionTypes = Record<string, { type: "string" | "boolean"; multiple?: boolean }>;

function parse<const T extends OptionTypes>(args: string[], options: T) {
  const unknown = args.find((each) => each.startsWith("--") && !isOption(each, options));
  if (unknown !== undefined) {
    const names = Object.keys(options).map((name) => `--${name}`);
    const name = unknown.split("=", 1)[0] ?? "";
    throw new UsageError(`There is no option ${name} (${names.join(", ")}).${suggest(name, names)}`);
  }
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isOption(argument: string, options: OptionTypes): boolean {
  return argument === "--" || Object.hasOwn(options, argument.slice(2).split("=", 1)[0] ?? "");
}

function readVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function describeUnexpected(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
