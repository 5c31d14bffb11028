import { readFileSync } from "node:fs";
import { cpus, loadavg, release, totalmem, type } from "node:os";

import type { Peer } from "../peers.ts";

/** Where something was measured. */
export interface Machine {
  cpu: string;
  cores: number;
  memoryBytes: number;
  system: string;
  node: string;
  /** Mean number of processes that wanted to run in the minute before; 0 on a quiet machine. */
  loadBefore: number;
}

/** Looks at this machine. */
export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryBytes: totalmem(),
    system: `${type()} ${release()}`,
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** Versions of what is measured, read from what is installed. */
export function readVersions(peers: readonly Peer[]): Record<string, string> {
  const names = new Set(peers.flatMap(({ packages }) => packages));
  const versions = [...names].map((name) => [name, readVersion(`../../node_modules/${name}/package.json`)]);
  return { pinestream: readVersion("../../../package.json"), ...Object.fromEntries(versions) };
}

function readVersion(path: string): string {
  const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string };
  return version;
}
