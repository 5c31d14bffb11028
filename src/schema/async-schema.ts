import type { z } from "zod";

interface Definition {
  type?: string;
  checks?: readonly unknown[];
  [key: string]: unknown;
}

/**
 * Finds the path of the first part of a schema that is known to need an asynchronous parse: `z.promise()`, or
 * a refinement or transformation by an `async` function. Gives `undefined` when there is none; a plain function
 * that returns a promise is only found out by calling it.
 */
export function findAsyncPart(schema: z.core.$ZodType): string | undefined {
  return search(schema, "", new Set());
}

function search(node: unknown, path: string, seen: Set<unknown>): string | undefined {
  if (typeof node === "function") {
    return node.constructor.name === "AsyncFunction" ? path || "(value)" : undefined;
  }
  if (typeof node !== "object" || node === null || seen.has(node)) return undefined;
  seen.add(node);
  const definition = definitionOf(node);
  if (definition?.type === "promise") return path || "(value)";
  // A lazy schema's getter is called: that is how recursive schemas refer to themselves.
  const parts =
    definition?.type === "lazy" ? { getter: callGetter(definition["getter"]) } : (definition ?? node);
  for (const [key, part] of Object.entries(parts)) {
    const isName = definition === undefined && !Array.isArray(node);
    const found = search(part, isName ? (path ? `${path}.${key}` : key) : path, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

function definitionOf(node: object): Definition | undefined {
  const internals = (node as { _zod?: { def?: Definition } })._zod;
  return internals?.def;
}

function callGetter(getter: unknown): unknown {
  return typeof getter === "function" ? (getter as () => unknown)() : undefined;
}
