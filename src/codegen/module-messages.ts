// What the command line and the process that runs the project's modules say to each other.

import type { Definitions, PropertyShape } from "../shape/shape.ts";

/** What to load; the answer is `Loaded`, or a `LoadProblem`. */
export type LoadRequest =
  | { kind: "config"; file: string }
  /** `prefix` begins the ids of definitions. */
  | { kind: "models"; files: readonly string[]; prefix: string };

/** What a module process says: which file it is at, and in the end one answer. */
export type LoadMessage =
  | { kind: "loading"; file: string }
  | { kind: "listening" }
  | { kind: "config"; value: unknown }
  | { kind: "models"; models: LoadedModels }
  | LoadProblem;

/** Why a module could not be loaded. */
export interface LoadProblem {
  kind: "problem";
  message: string;
  /** Where it was thrown, in a file of the project's. */
  place?: string;
  /** Whether the message is one of pinestream's own, which says where and what to do. */
  isOurs: boolean;
}

/** The endpoints that some files export, with what only running code can tell of them. */
export interface LoadedModels {
  endpoints: LoadedEndpoint[];
  definitions: Definitions;
}

/** An endpoint as its decorators declare it. */
export interface LoadedEndpoint {
  /** File that exports its model, and how. */
  file: string;
  exportName: string;
  isInstance: boolean;
  className: string;
  methodName: string;
  httpMethod: string;
  path: string;
  description?: string;
  resourceName?: string;
  contentType?: string;
  /** From `params`; absent where the method's own arguments count. */
  params?: PropertyShape[];
  /** Absent for a JSON endpoint. */
  events?: PropertyShape[];
  /** For the search for its arguments. */
  site?: { file: string; line: number; column?: number };
  length: number;
  parameterNames?: readonly string[];
}
