// Finds the user's source line on which a decorator stands, from the stack at the time it is applied.
//
// Compilers call decorators through a helper (`__decorate`, `__esDecorate`, `__decorateClass`, …), which stands
// in the user's own file or in tslib; the frame after it maps to the decorated method itself. The stack's text
// is read rather than its CallSites, since only the text goes through source maps. Checked with tsx, vitest and
// tsc's output with and without --enable-source-maps, standard and legacy decorators.

import { fileURLToPath } from "node:url";

/** The place in the user's code where a method was decorated. */
export interface DeclarationSite {
  /** Absolute path: the TypeScript source where source maps are on, else the file that runs. */
  file: string;
  /** From 1; may be one of generated code, where no source map was applied. */
  line?: number;
  /** From 1. */
  column?: number;
}

/** Frames that are looked at: helpers nest a few deep at most. */
const FRAME_LIMIT = 10;

const HELPER_NAME = /(?:^|[\s.])_{1,2}(?:decorate|esDecorate|apply_?decs|runInitializers)/i;
const HELPER_FILE =
  /[\\/]node_modules[\\/](?:tslib|reflect-metadata|@swc[\\/]helpers|@babel[\\/]runtime)[\\/]/;

/**
 * Gives the place of the code that called `above` (the decorator), compilers' helpers left out; `undefined`
 * where the stack does not tell. Never throws.
 */
export function captureDeclarationSite(above: (...args: never[]) => unknown): DeclarationSite | undefined {
  let first: DeclarationSite | undefined;
  for (const line of captureStack(above).split("\n")) {
    const site = parseFrame(line);
    if (!site || HELPER_FILE.test(site.file)) continue;
    if (!HELPER_NAME.test(line.slice(0, line.indexOf("(")))) return site;
    first ??= { file: site.file };
  }
  return first;
}

function captureStack(above: (...args: never[]) => unknown): string {
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = FRAME_LIMIT;
    const holder: { stack?: unknown } = {};
    Error.captureStackTrace(holder, above);
    // The text is made on the first reading, by Node, vitest or whoever has taken over prepareStackTrace.
    return typeof holder.stack === "string" ? holder.stack : "";
  } catch {
    return "";
  } finally {
    try {
      Error.stackTraceLimit = stackTraceLimit;
    } catch {
      // Frozen intrinsics: then it was not set above either.
    }
  }
}

/** `    at name (place:line:column)` or `    at place:line:column`. */
const FRAME = /^\s*at (?:.*? \((.+):(\d+):(\d+)\)|(?:async )?(.+):(\d+):(\d+))$/;

function parseFrame(text: string): DeclarationSite | undefined {
  const match = FRAME.exec(text);
  const place = match?.[1] ?? match?.[4];
  const file = place && toPath(place);
  if (!match || !file) return undefined;
  return { file, line: Number(match[2] ?? match[5]), column: Number(match[3] ?? match[6]) };
}

/** Gives the path of a file, given as URL or path; loaders put a query behind it to import a file anew. */
function toPath(place: string): string | undefined {
  try {
    if (place.startsWith("file:")) {
      const url = new URL(place);
      url.search = "";
      url.hash = "";
      return fileURLToPath(url);
    }
  } catch {
    return undefined;
  }
  const path = place.replace(/\?[^/\\]*$/, "");
  return path.startsWith("/") || /^[a-z]:[\\/]/i.test(path) ? path : undefined;
}
