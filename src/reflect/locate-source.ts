import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** A place in TypeScript source. */
export interface SourcePlace {
  file: string;
  line?: number;
}

const TYPESCRIPT = /(?<!\.d)\.[cm]?tsx?$/;
const JAVASCRIPT = /\.[cm]?jsx?$/;
const MAPPING_URL = /\/\/[#@] ?sourceMappingURL=(\S+)\s*$/;

/**
 * Finds the TypeScript source behind a place in the code that runs: the file itself, or what the source map
 * of compiled JavaScript names, if that exists. `undefined` where there is no source.
 */
export function locateSource(file: string, line?: number, column?: number): SourcePlace | undefined {
  if (TYPESCRIPT.test(file)) return existsSync(file) ? { file, line } : undefined;
  if (!JAVASCRIPT.test(file)) return undefined;
  const map = readSourceMap(file);
  if (!map) return undefined;
  const toPath = (source: string): string =>
    source.startsWith("file:")
      ? fileURLToPath(source)
      : resolve(map.folder, map.payload.sourceRoot ?? "", source);
  const entry: Partial<MappedPlace> =
    line === undefined ? {} : new SourceMap(map.payload).findEntry(line - 1, (column ?? 1) - 1);
  const { sources } = map.payload;
  const source = entry.originalSource ?? (sources.length === 1 ? sources[0] : undefined);
  const path = source === undefined ? undefined : toPath(source);
  if (path === undefined || !TYPESCRIPT.test(path) || !existsSync(path)) return undefined;
  return entry.originalLine === undefined ? { file: path } : { file: path, line: entry.originalLine + 1 };
}

/** What Node's types leave open; lines count from 0. */
interface MappedPlace {
  originalSource: string;
  originalLine: number;
}

function readSourceMap(file: string): { folder: string; payload: SourceMapPayload } | undefined {
  try {
    const url = MAPPING_URL.exec(readFileSync(file, "utf8"))?.[1];
    if (url?.startsWith("data:")) {
      const content = Buffer.from(url.slice(url.indexOf(",") + 1), "base64").toString("utf8");
      return { folder: dirname(file), payload: JSON.parse(content) as SourceMapPayload };
    }
    const path = url === undefined ? `${file}.map` : resolve(dirname(file), decodeURIComponent(url));
    return { folder: dirname(path), payload: JSON.parse(readFileSync(path, "utf8")) as SourceMapPayload };
  } catch {
    // No map, or none that can be read: then the source is not known, and the manifest has to tell.
    return undefined;
  }
}
