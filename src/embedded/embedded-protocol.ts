import type { RawResult } from "../session/sessions.ts";

/** What the worker of the embedded database is told when it is made. */
export interface WorkerOptions {
  /** Folder of the database; `undefined` keeps it in memory. */
  dataDir: string | undefined;
  /** Folder in which a newly made cluster is kept for the next one. */
  cacheDir: string;
}

/** From the process to its worker. Each is answered by a `Reply` of the same id, in order. */
export type Request =
  | { id: number; kind: "query"; text: string; parameters: readonly (string | null)[] }
  | { id: number; kind: "close" };

/** From the worker: the answer to a request, or a sign of its own. */
export type Reply =
  | { kind: "started" }
  | { kind: "notification"; channel: string; payload: string }
  | { kind: "failed"; missing: boolean; error: ErrorFields }
  | { kind: "result"; id: number; result: RawResult | undefined }
  | { kind: "error"; id: number; error: ErrorFields };

/** An error as it crosses threads. */
export interface ErrorFields {
  message: string;
  fields: Record<string, string>;
}

/** What PostgreSQL tells of an error, under the names that `pg` gives it too. */
const FIELDS =
  "code severity detail hint position internalPosition internalQuery where schema table column dataType constraint file line routine".split(
    " ",
  );

/** Takes from an error what can cross to another thread. */
export function toErrorFields(error: unknown): ErrorFields {
  const source = Object(error) as Record<string, unknown>;
  const fields: Record<string, string> = {};
  for (const name of FIELDS) {
    if (typeof source[name] === "string") fields[name] = source[name];
  }
  return { message: error instanceof Error ? error.message : String(error), fields };
}

/** Makes an error again of what crossed. */
export function fromErrorFields({ message, fields }: ErrorFields): Error {
  return Object.assign(new Error(message), fields);
}
