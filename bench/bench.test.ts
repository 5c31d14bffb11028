import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";

import type { Results } from "./report/results.ts";
import { WORKLOADS } from "./workloads/all.ts";

/** How long it may take on a machine that is busy with other tests. */
const BOUND_MS = 600_000;

test(
  "the benchmark runs, with no event lost, doubled or out of order",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "pinestream-bench-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const json = join(folder, "results.json");
    const peers = "floor,pinestream,pinestream-publish";
    const bench = spawn(
      process.execPath,
      ["bench/bench.mjs", "--quick", "--no-build", "--peers", peers, "--json", json],
      { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, NODE_OPTIONS: "" } },
    );
    onTestFinished(() => void bench.kill());
    let output = "";
    for (const stream of [bench.stdout, bench.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    const [code] = (await once(bench, "exit")) as [number | null];
    expect(code, output).toBe(0);

    // How fast it was is not asked: only whether every number is one.
    const { rows } = JSON.parse(readFileSync(json, "utf8")) as Results;
    expect(rows.filter(({ failure }) => failure !== undefined)).toEqual([]);
    expect(new Set(rows.map(({ workload }) => workload))).toEqual(new Set(WORKLOADS.map(({ id }) => id)));
    for (const { workload, case: name, values } of rows) {
      for (const [value, number] of Object.entries(values)) {
        expect(number, `${workload}, ${name}: ${value}`).toSatisfy(Number.isFinite);
      }
    }
  },
  BOUND_MS,
);
