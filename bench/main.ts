// Measures, prints tables and writes the results. Started by bench.mjs, which installs and compiles first.

import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { assertOpenFiles } from "./open-files.ts";
import { readOptions, type Options } from "./options.ts";
import { BrokerProgram } from "./processes/broker-program.ts";
import { describeMachine, readVersions } from "./report/machine.ts";
import type { Results } from "./report/results.ts";
import { formatTable } from "./report/table.ts";
import { run, scaleOf } from "./run.ts";
import type { Row } from "./workloads/workload.ts";
import { WORKLOADS } from "./workloads/all.ts";

const print = (text: string): void => void process.stdout.write(`${text}\n`);

const options = readOrRefuse();
const machine = describeMachine();
const versions = readVersions(options.peers);
print(
  `${machine.cpu}, ${machine.cores} cores, ${machine.system}, Node.js ${machine.node}; ` +
    `${options.rounds} round${options.rounds === 1 ? "" : "s"}`,
);
print(
  Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(", "),
);
if (machine.loadBefore > 0.5) {
  print(`The machine is busy (load ${machine.loadBefore.toFixed(1)}): ratios hold better than times do.`);
}

if (options.isQuick) print("Quick: streams and events are fewer than the titles below say.");
if (options.workloads.some(({ id }) => id === "W7")) {
  for (const kind of ["redis", "nats"] as const) {
    if (!BrokerProgram.isInstalled(kind)) print(`W7 leaves ${kind} out: ${kind}-server is not installed.`);
  }
}

const startedAt = new Date().toISOString();
const peers = options.peers.map(({ name }) => name);
mkdirSync(dirname(options.json), { recursive: true });
/** After each round, since a run may take an hour, and be ended before its last. */
const write = (rows: readonly Row[], rounds: number): void => {
  const endedAt = new Date().toISOString();
  const results: Results = {
    startedAt,
    endedAt,
    isQuick: options.isQuick,
    rounds,
    machine,
    versions,
    peers,
    rows,
  };
  writeFileSync(options.json, `${JSON.stringify(results, undefined, 1)}\n`);
};
const say = (text: string): void => print(`${new Date().toISOString().slice(11, 19)} ${text}`);
const rows = await run(options, say, write);
print("");
for (const workload of options.workloads) {
  const own = rows.filter((row) => row.workload === workload.id);
  for (const table of workload.tables(scaleOf(options))) print(formatTable(table, own, peers));
}
print(`All numbers: ${options.json}`);

const failures = rows.filter((row) => row.failure !== undefined);
for (const { workload, peer, round, failure } of failures) {
  print(`\n${workload}, ${peer}, round ${round}, failed:\n${failure}`);
}
process.exitCode = failures.length > 0 ? 1 : 0;

function readOrRefuse(): Options {
  try {
    const read = readOptions(process.argv.slice(2), WORKLOADS);
    assertOpenFiles(read);
    return read;
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exit(2);
  }
}
