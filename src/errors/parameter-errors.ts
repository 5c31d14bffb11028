import { PinestreamError } from "./base.ts";

/** One thing that stands in the way of knowing a method's parameters. */
export interface ParameterProblem {
  /** `ClassName.methodName`. */
  endpoint: string;
  /** The parameter, or the path to the part of its type, that is meant; absent for the method as a whole. */
  parameter?: string;
  /** What is wrong, and what to do about it. */
  problem: string;
}

/**
 * The parameters of one or more methods cannot be told, or have types that no request can carry. Thrown when
 * the server starts and by `pinestream generate`; `problems` has every case, the message lists them all.
 */
export class ParameterDescriptionError extends PinestreamError {
  readonly code = "PINE_PARAMS_UNKNOWN";
  readonly problems: readonly ParameterProblem[];

  /** @param advice What to do about all of them, where that is the same. */
  constructor(problems: readonly ParameterProblem[], options: { cause?: unknown; advice?: string } = {}) {
    const lines = problems.map(
      ({ endpoint, parameter, problem }) =>
        `${endpoint}: ${parameter === undefined ? "" : `parameter ${JSON.stringify(parameter)}: `}${problem}`,
    );
    if (options.advice) lines.push(options.advice);
    super(lines.join("\n"), {
      ...("cause" in options ? { cause: options.cause } : {}),
      ...(problems.length === 1 ? { endpoint: problems[0]?.endpoint } : {}),
    });
    this.problems = problems;
  }
}

/** A manifest that cannot be read, or that does not fit the classes that run. Thrown when the server starts. */
export class ManifestError extends PinestreamError {
  readonly code = "PINE_MANIFEST_INVALID";
}
