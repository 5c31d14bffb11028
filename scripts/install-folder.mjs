// Installs what a folder with a lock file of its own needs, for those who want it: `npm ci` of the repository stays small.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Makes `node_modules` of a folder what its lock file says; gives whether that is so now. `why` is told first. */
export function installFolder(folder, why) {
  const lock = `${folder}/package-lock.json`;
  const installed = `${folder}/node_modules/.installed-from`;
  if (existsSync(installed) && readFileSync(installed).equals(readFileSync(lock))) return true;
  console.log(why);
  const { status } = spawnSync(
    "npm",
    ["ci", "--prefix", folder, "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"],
    { stdio: "inherit", shell: process.platform === "win32" },
  );
  if (status !== 0) return false;
  writeFileSync(installed, readFileSync(lock));
  return true;
}
