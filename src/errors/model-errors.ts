import { PinestreamError } from "./base.ts";
import { suggest } from "./suggest.ts";

/** A call of a model's method that makes no sense for its table; thrown before any of its SQL runs. */
export class QueryError extends PinestreamError {
  readonly code = "PINE_QUERY_INVALID";
  /** Class name of the model that was asked. */
  readonly model: string;
  /** The column that the table does not have, where that is the problem. */
  readonly unknownColumn: string | undefined;

  /** @param model class name. */
  constructor(model: string, problem: string, options: { cause?: unknown; unknownColumn?: string } = {}) {
    super(`${model}: ${problem}`, "cause" in options ? { cause: options.cause } : {});
    this.model = model;
    this.unknownColumn = options.unknownColumn;
  }
}

/** Describes a name that is none of those allowed, with the whole list and the nearest. */
export function describeUnknown(what: string, name: unknown, allowed: readonly string[]): string {
  const nearest = typeof name === "string" ? suggest(name, allowed) : "";
  return `${what} ${quote(name)} is unknown (there are ${allowed.join(", ")}).${nearest}`;
}

/** Writes a value for a message: short, on one line, and never failing. */
export function quote(value: unknown): string {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "Invalid Date" : value.toISOString();
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch {
    // A circular object, or one that holds a bigint.
  }
  text ??= String(value);
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/**
 * The database itself is not to be had: its driver is not installed, the address is no address, it has been
 * closed or died, or a migration failed. What SQL goes wrong in stays the driver's own error, with its `code`.
 */
export class DatabaseError extends PinestreamError {
  readonly code = "PINE_DATABASE";
}

/**
 * The database can't tell of a table's changes: it has no trigger for that, and this role may not make it, or
 * could not in time.
 */
export class ChangesError extends PinestreamError {
  readonly code = "PINE_CHANGES_UNTRACKED";
  /** Class name of the model that was asked. */
  readonly model: string;
  readonly table: string;

  constructor(model: string, table: string, problem: string, options: { cause?: unknown } = {}) {
    super(`${model}.changes: table "${table}" ${problem}`, options);
    this.model = model;
    this.table = table;
  }
}
