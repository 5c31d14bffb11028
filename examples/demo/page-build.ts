// The demo's page is built by `npm ci` (scripts/build.mjs runs this file), and again by the server before it
// listens when its sources have changed since. It is built by a process of its own: Vite is large, is not needed
// for serving, and tells the process that loads it that this is production.

import { execFile } from "node:child_process";
import { readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const fromHere = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const WEB = fromHere("./web");

/** Folder of the built page. */
export const PAGE = join(WEB, "dist");

/** All that a build is made of, besides the packages. */
const SOURCES = [
  ...["web/generated", "web/public", "web/src", "web/index.html", "web/vite.config.ts"].map((path) =>
    fromHere(`./${path}`),
  ),
  ...["async", "client", "errors", "react", "tabs", "wire"].map((room) => fromHere(`../../src/${room}`)),
  fromHere("../../package-lock.json"),
];

/** Builds the page if it was not built yet, or before its sources were changed. */
export async function ensurePage(): Promise<void> {
  if (isFresh()) return;
  console.log("Building the page…");
  const env = { ...process.env, NODE_ENV: "production" };
  await promisify(execFile)(process.execPath, ["--import", "tsx", fileURLToPath(import.meta.url)], { env });
}

function isFresh(): boolean {
  try {
    const builtAt = statSync(join(PAGE, "index.html")).mtimeMs;
    return SOURCES.every((path) => changedAt(path) <= builtAt);
  } catch {
    return false;
  }
}

/** When a file, or the latest of those in a folder, was changed; in ms since the epoch. */
function changedAt(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  // The folder's own time tells of files that were removed.
  return Math.max(stats.mtimeMs, ...readdirSync(path).map((name) => changedAt(join(path, name))));
}

async function buildPage(): Promise<void> {
  const { build } = await import("vite");
  // Aside and then moved, for several servers may start, and one may serve what is there.
  const aside = `${PAGE}-${process.pid}`;
  await build({
    root: WEB,
    configFile: join(WEB, "vite.config.ts"),
    logLevel: "warn",
    build: { outDir: aside, emptyOutDir: true },
  });
  try {
    rmSync(PAGE, { recursive: true, force: true });
    renameSync(aside, PAGE);
  } catch (error) {
    // Another process has put the same there in between.
    rmSync(aside, { recursive: true, force: true });
    if (!isFresh()) throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url) && !isFresh()) await buildPage();
