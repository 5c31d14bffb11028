/** Two copies of the package in one process still recognise each other's errors by this key. */
const BRAND: unique symbol = Symbol.for("pinestream.error") as never;

/** One thing that is wrong in a value, with the place where it stands. */
export interface Issue {
  /** Property names and array indexes from the value's root to the place; empty for the value itself. */
  path: (string | number)[];
  /** What was expected and what was found. */
  message: string;
  /** The validator's own word for the kind of problem (zod's issue code), where there is one. */
  code?: string;
}

/** What every error of the framework may carry beside its message, so that nobody has to parse one. */
export interface PinestreamErrorOptions {
  cause?: unknown;
  /** `ClassName.methodName` of the endpoint that the error is about. */
  endpoint?: string;
  issues?: readonly Issue[];
}

/**
 * Base of all errors that pinestream throws. `code` is stable and never reused; `statusCode` is set where
 * the error may reach an HTTP client.
 */
export abstract class PinestreamError extends Error {
  abstract readonly code: string;
  readonly statusCode: number | undefined;
  readonly endpoint: string | undefined;
  readonly issues: readonly Issue[] | undefined;

  constructor(message: string, options: PinestreamErrorOptions = {}) {
    super(message, options);
    this.name = new.target.name;
    this.endpoint = options.endpoint;
    this.issues = options.issues;
    Object.defineProperty(this, BRAND, { value: true });
  }
}

/** Tells whether a value is an error of pinestream, from whichever copy of the package it came. */
export function isPinestreamError(value: unknown): value is PinestreamError {
  return value instanceof Error && BRAND in value;
}

/** Writes issues as `path: message` lines for the text of an error. */
export function formatIssues(issues: readonly Issue[]): string {
  return issues.map((issue) => `${formatPath(issue.path)}: ${issue.message}`).join("; ");
}

function formatPath(path: readonly (string | number)[]): string {
  if (path.length === 0) return "(value)";
  return path.map((key, index) => (typeof key === "number" ? `[${key}]` : index ? `.${key}` : key)).join("");
}
