// Writes what a run has shown into docs/performance.md: the parts between the marks
// `<!-- bench: NAME -->` and `<!-- /bench -->`. Started by `npm run bench -- --document`.

import { readFileSync, writeFileSync } from "node:fs";

import { FLOOR, NODE_HTTP } from "../peers.ts";
import { scaleOf } from "../run.ts";
import { WORKLOADS } from "../workloads/all.ts";
import type { Column } from "../workloads/workload.ts";
import { formatBars } from "./bars.ts";
import { asCount } from "./format.ts";
import type { Results } from "./results.ts";
import { summarise } from "./summary.ts";
import { formatMarkdownTable } from "./table.ts";

const MISSING = "_Not part of the run that this document was made from._";
const PARTS = /(<!-- bench: ([\w -]+?) -->\n)[^]*?(<!-- \/bench -->)/g;

const [from = "docs/performance.json", to = "docs/performance.md"] = process.argv.slice(2);
const results = JSON.parse(readFileSync(from, "utf8")) as Results;
const page = readFileSync(to, "utf8");
writeFileSync(
  to,
  page.replace(PARTS, (_, start: string, name: string, end: string) => `${start}\n${write(name)}\n\n${end}`),
);

/** Writes the part of a name: of the machine, a chart, or all tables of a workload. */
function write(name: string): string {
  if (name === "machine") return describeMachine();
  if (name === "chart fan-out") return chart("W1", "1000 streams, 1 per turn", "cpuPerEvent", FLOOR);
  if (name === "chart ten per turn") return chart("W1", "1000 streams, 10 per turn", "cpuPerEvent", FLOOR);
  if (name === "chart one stream") return chart("W2", "200,000 events", "cpuPerEvent", FLOOR);
  if (name === "chart idle") return chart("W3", "idle", "heap", NODE_HTTP);
  const workload = WORKLOADS.find(({ id }) => id === name);
  if (!workload) throw new Error(`${to} asks for ${JSON.stringify(name)}, which no workload is called.`);
  const rows = results.rows.filter((row) => row.workload === name);
  if (rows.length === 0) return MISSING;
  return workload
    .tables(scaleOf(results))
    .map((table) => `${table.title}:\n\n${formatMarkdownTable(table, rows, results.peers)}`)
    .join("\n\n");
}

function chart(workload: string, of: string, value: string, versus: string): string {
  const rows = results.rows.filter((row) => row.workload === workload);
  const column: Column = { title: "", case: of, value, format: String, versus };
  const bars = results.peers.flatMap((peer) => {
    const ratio = summarise(rows, peer, column);
    return ratio === undefined ? [] : [{ name: peer, value: ratio }];
  });
  if (bars.length === 0) return MISSING;
  return `\`\`\`text\n${formatBars(bars)}\n\`\`\``;
}

function describeMachine(): string {
  const { machine, versions, rounds, startedAt } = results;
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const busy =
    machine.loadBefore > 0.5
      ? ` **The machine was busy with other work (load ${machine.loadBefore.toFixed(1)}); these numbers will be measured again.**`
      : "";
  return (
    `Measured on ${startedAt.slice(0, 10)}, ${rounds} ${rounds === 1 ? "round" : "rounds"}: ${machine.cpu}, ` +
    `${machine.cores} cores, ${asCount(machine.memoryBytes / 1_000_000_000)} GB, ${machine.system}, ` +
    `Node.js ${machine.node}.${busy}\n\n${names.join(", ")}.`
  );
}
