import { existsSync, lstatSync, mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/**
 * Gives the folder for what may be thrown away: `node_modules/.cache/pinestream` of the project in which the
 * process runs, else one in the system's temporary folder that belongs to this user alone.
 */
export function cacheFolder(): string {
  for (let folder = process.cwd(), last = ""; folder !== last; [folder, last] = [dirname(folder), folder]) {
    if (!existsSync(join(folder, "node_modules"))) continue;
    const path = join(folder, "node_modules", ".cache", "pinestream");
    if (makeOwnFolder(path)) return path;
    break;
  }
  const own = join(tmpdir(), `pinestream-${process.getuid?.() ?? "cache"}`);
  // A folder of that name that another user put there could hold a cluster of their making.
  return makeOwnFolder(own) ? own : join(own, String(process.pid));
}

function makeOwnFolder(path: string): boolean {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    const found = lstatSync(path);
    return found.isDirectory() && (process.getuid === undefined || found.uid === process.getuid());
  } catch {
    return false;
  }
}
