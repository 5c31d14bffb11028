// `npm run bench`: installs what is compared, compiles, and measures in main.ts. Works in a fresh clone.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, symlinkSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installFolder } from "../scripts/install-folder.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const args = process.argv.slice(2);
/** Servers that need nothing beyond the repository. */
const OWN = new Set(["floor", "pinestream", "pinestream-publish", "node:http"]);

/** Which servers are asked for. */
const only = args.includes("--peers") ? args[args.indexOf("--peers") + 1] : undefined;
const isDocument = args.includes("--document");
const needsPeers =
  !isDocument && (only === undefined || only.split(",").some((name) => !OWN.has(name.trim())));

if (!existsSync("node_modules/typescript")) {
  console.log("Installing the repository's packages (npm ci), the first time only.");
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}
const WHY = "Installing the servers to compare with into bench/node_modules, the first time only.";
if (needsPeers && !installFolder("bench", WHY)) process.exit(1);
if (!args.includes("--no-build") || !existsSync("dist/index.js"))
  run(process.execPath, ["scripts/build.mjs"]);
compile();
if (isDocument) {
  run(process.execPath, ["bench/dist/report/document.js", ...args.filter((each) => !each.startsWith("--"))]);
  run("oxfmt", ["docs/performance.md"]);
} else {
  run(process.execPath, ["bench/dist/main.js", ...args]);
}

/** Compiles the benchmark, since a loader would change what is measured. */
function compile() {
  rmSync("bench/dist", { recursive: true, force: true });
  run("node_modules/.bin/tsc", ["-p", "bench/tsconfig.build.json"]);
  if (needsPeers) run("node_modules/.bin/tsc", ["-p", "bench/peers/tsconfig.json"]);
  // The servers import pinestream by its name, and get what is in dist/.
  mkdirSync("bench/dist/node_modules", { recursive: true });
  symlinkSync("../../..", "bench/dist/node_modules/pinestream", "junction");
}

function run(command, parameters) {
  const shell = process.platform === "win32" && command !== process.execPath;
  const PATH = `${process.cwd()}/node_modules/.bin${process.platform === "win32" ? ";" : ":"}${process.env.PATH}`;
  const { status, error } = spawnSync(command, parameters, {
    stdio: "inherit",
    shell,
    env: { ...process.env, PATH },
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
