// Everything that must hold before a change goes in: `npm test`. Runs the steps in order, stops at the first
// that fails and says which, and ends with the line `N passed, N failed, N skipped` that CI counts by.
//
// Programs that some tests need are installed where that is possible without asking (root on Debian). Else a
// missing one costs a line and its tests are skipped; with CI set it fails, so that no check is lost silently.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { installFolder } from "./install-folder.mjs";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));

const REPORT = ".cache/vitest.json";
const inCI = Boolean(process.env.CI);

/** Debian package, whether it is there, and what is lost without it. */
const parts = [
  { package: "postgresql", isThere: hasPostgres, for: "tests over PostgreSQL" },
  { package: "chromium", isThere: () => existsSync("/usr/bin/chromium"), for: "tests in a browser" },
  { package: "redis-server", isThere: () => hasProgram("redis-server"), for: "tests over Redis" },
  { package: "nats-server", isThere: () => hasProgram("nats-server"), for: "tests over NATS" },
  { package: "nginx-light", isThere: () => hasProgram("nginx"), for: "tests behind nginx" },
];

/** Runtimes and an older React, from npm. */
const PLATFORMS = "test/platforms";
/** What stands on what is not public in Node, or differs between its versions. */
const CLOSE_TO_NODE = [
  "src/connection",
  "src/scope",
  "src/server",
  "test/integration/disconnect.test.ts",
  "test/integration/slow-clients.test.ts",
  "test/integration/unwind.test.ts",
  "test/integration/wire.test.ts",
  "test/integration/work-per-event.test.ts",
];

const bin = (name) => `node_modules/.bin/${name}`;
const steps = [
  ["build", [process.execPath, "scripts/build.mjs"]],
  ["types", [bin("tsc"), "-p", "tsconfig.json"]],
  ["types, standard decorators", [bin("tsc"), "-p", "tsconfig.check.json"]],
  ["types, legacy decorators", [bin("tsc"), "-p", "tsconfig.check.legacy.json"]],
  ["types, the demo's page", [bin("tsc"), "-p", "examples/demo/web"]],
  ["lint", [bin("oxlint")]],
  ["format", [bin("oxfmt"), "--check", "."]],
  ["unused code", [bin("knip")]],
  ["tests", [bin("vitest"), "run", "--reporter=default", "--reporter=json", `--outputFile.json=${REPORT}`]],
];

mkdirSync(".cache", { recursive: true });
rmSync(REPORT, { force: true });

let failed = installParts() || installPlatforms();
for (const [name, [command, ...args]] of failed ? [] : [...steps, ...newerNodes()]) {
  console.log(`\n== ${name}`);
  const startedAt = performance.now();
  const { status, signal, error } = spawnSync(command, args, {
    stdio: "inherit",
    env: { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env.PATH}` },
  });
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  if (status !== 0) {
    console.log(`== ${name}: failed after ${seconds} s (${error ?? signal ?? `exit code ${status}`})`);
    failed = name;
    break;
  }
  console.log(`== ${name}: ${seconds} s`);
}

if (failed) console.log(`\nnpm test stopped at its first failing step: ${failed}`);
console.log(summary(failed));
process.exit(failed ? 1 : 0);

/** Installs what is missing; the name of the step if that failed where it must not. */
function installParts() {
  let missing = parts.filter((part) => !part.isThere());
  if (missing.length > 0 && process.getuid?.() === 0 && existsSync("/etc/debian_version")) {
    const names = missing.map((part) => part.package);
    console.log(`== installing ${names.join(", ")}`);
    apt("update", "-qq");
    apt("install", "-y", "-qq", "--no-install-recommends", ...names);
    missing = parts.filter((part) => !part.isThere());
  }
  for (const part of missing) {
    console.log(
      `${part.package} is missing (apt-get install ${part.package}): ${part.for} ${inCI ? "can't run" : "are skipped"}`,
    );
  }
  return missing.length > 0 && inCI ? "programs that the tests need" : "";
}

/** Installs what some tests run on besides the usual; the name of the step if that failed where it must not. */
function installPlatforms() {
  // Those packages are programs for this one.
  const isPossible = process.platform === "linux" && process.arch === "x64";
  if (isPossible && installFolder(PLATFORMS, `== installing ${PLATFORMS}`)) return "";
  console.log(
    `${PLATFORMS}/node_modules is missing (npm ci --prefix ${PLATFORMS}, on Linux for x64): tests in Bun and Deno, on ` +
      `newer Node.js and with React 18 ${inCI ? "can't run" : "are skipped"}`,
  );
  return inCI ? "programs that the tests need" : "";
}

/** A step for each newer Node.js that is there. */
function newerNodes() {
  return ["24", "26"].flatMap((version) => {
    const node = `${PLATFORMS}/node_modules/node-${version}/bin/node`;
    if (!existsSync(node)) return [];
    return [
      [
        `tests on Node.js ${version}`,
        [node, "node_modules/vitest/vitest.mjs", "run", "--project=tests", ...CLOSE_TO_NODE],
      ],
    ];
  });
}

function apt(...args) {
  const quiet = {
    stdio: ["ignore", "ignore", "inherit"],
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
  };
  spawnSync("apt-get", args, quiet);
}

function hasProgram(name) {
  return [...process.env.PATH.split(":"), "/usr/sbin"].some((folder) => existsSync(`${folder}/${name}`));
}

/** PostgreSQL's programs stand in a folder per major version. */
function hasPostgres() {
  const versions = "/usr/lib/postgresql";
  return (
    existsSync(versions) &&
    readdirSync(versions).some((each) => existsSync(`${versions}/${each}/bin/postgres`))
  );
}

/** The counts of vitest's report; a failed step before or beside it counts as one failure. */
function summary(failedStep) {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  if (existsSync(REPORT)) {
    const report = JSON.parse(readFileSync(REPORT, "utf8"));
    counts = {
      passed: report.numPassedTests,
      failed: report.numFailedTests + report.testResults.filter(failedAsAWhole).length,
      skipped: report.numPendingTests + report.numTodoTests,
    };
  }
  if (failedStep && counts.failed === 0) counts.failed = 1;
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
}

/** A file that failed though none of its tests did: it could not be loaded, or a hook of all its tests failed. */
function failedAsAWhole({ status, assertionResults }) {
  return status === "failed" && !assertionResults.some((test) => test.status === "failed");
}
