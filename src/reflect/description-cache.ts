// Remembers descriptions by the content of all that they were read from, so that a second start neither loads
// the compiler nor parses a file. One JSON file for each source file; whatever is wrong with one counts as
// its not being there.

import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";
import { isMethodDescription } from "../params/manifest.ts";
import type { MethodDescription } from "../params/types.ts";

/** To be raised when the same source shall give other descriptions than before. */
const FORMAT = 1;

/** What is remembered of one source file. */
export interface CachedFile {
  /** Hashes of content by path: the source file and all else that the descriptions depend on. */
  dependencies: Record<string, string>;
  /** By a key of the caller's. */
  methods: Record<string, MethodDescription>;
}

/** Reads what is remembered of a source file; `undefined` if nothing is, or if it is out of date. */
export function readCache(sourceFile: string): CachedFile | undefined {
  try {
    const content = JSON.parse(readFileSync(cachePath(sourceFile), "utf8")) as Partial<CachedFile>;
    const { dependencies = {}, methods = {} } = content;
    if (!Object.hasOwn(dependencies, sourceFile)) return undefined;
    const isCurrent = Object.entries(dependencies).every(([path, hash]) => hashFile(path) === hash);
    return isCurrent && Object.values(methods).every(isMethodDescription)
      ? { dependencies, methods }
      : undefined;
  } catch {
    // Missing, cut off or somebody else's: the source itself is read instead.
    return undefined;
  }
}

/** Remembers descriptions, beside those that are remembered of the same content. A failure is of no concern. */
export function writeCache(sourceFile: string, { dependencies, methods }: CachedFile): void {
  const before = readCache(sourceFile);
  const content: CachedFile = {
    dependencies: { ...before?.dependencies, ...dependencies },
    methods: { ...before?.methods, ...methods },
  };
  const path = cachePath(sourceFile);
  const draft = `${path}.${process.pid}.${randomUUID()}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, JSON.stringify(content));
    renameSync(draft, path);
  } catch {
    rmSync(draft, { force: true });
  }
}

/** Hashes the content of a file; a missing one has a hash too, which changes when it appears. */
export function hashFile(path: string): string {
  try {
    return createHash("sha256").update(readFileSync(path)).digest("base64url");
  } catch {
    return "missing";
  }
}

let ownVersion: string | undefined;

function readOwnVersion(): string {
  const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function cachePath(sourceFile: string): string {
  ownVersion ??= readOwnVersion();
  const name = createHash("sha256").update(`${FORMAT}\n${ownVersion}\n${sourceFile}`).digest("hex");
  return join(cacheFolder(sourceFile), `${name.slice(0, 32)}.json`);
}

function cacheFolder(sourceFile: string): string {
  let folder = dirname(sourceFile);
  while (folder !== dirname(folder)) {
    const modules = join(folder, "node_modules");
    if (statSync(modules, { throwIfNoEntry: false })?.isDirectory())
      return join(modules, ".cache", "pinestream");
    folder = dirname(folder);
  }
  // One for each user: what another one could write there is not to be trusted.
  return join(tmpdir(), `pinestream-${userInfo().username}`);
}
