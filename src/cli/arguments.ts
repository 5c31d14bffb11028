import { parseArgs } from "node:util";
import { suggest } from "../errors/suggest.ts";

/** Where the command line writes to. */
export interface Output {
  log(message: string): void;
  error(message: string): void;
}

/** A mistake in the command line itself. */
export class UsageError extends Error {}

type OptionTypes = Record<string, { type: "string" | "boolean"; multiple?: boolean }>;

type OptionValues<T extends OptionTypes> = {
  [Name in keyof T]?: T[Name] extends { type: "boolean" }
    ? boolean
    : T[Name] extends { multiple: true }
      ? string[]
      : string;
};

/** Reads the options of a command. @throws UsageError for what it does not have, with the nearest name. */
export function parseOptions<const T extends OptionTypes>(args: string[], options: T): OptionValues<T> {
  const unknown = args.find((each) => each.startsWith("--") && !isOption(each, options));
  if (unknown !== undefined) {
    const names = Object.keys(options).map((name) => `--${name}`);
    const name = unknown.split("=", 1)[0] ?? "";
    throw new UsageError(`There is no option ${name} (${names.join(", ")}).${suggest(name, names)}`);
  }
  try {
    return parseArgs({ args, options, strict: true, allowPositionals: false }).values as OptionValues<T>;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function isOption(argument: string, options: OptionTypes): boolean {
  return argument === "--" || Object.hasOwn(options, argument.slice(2).split("=", 1)[0] ?? "");
}
