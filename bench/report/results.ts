import type { Machine } from "./machine.ts";
import type { Row } from "../workloads/workload.ts";

/** A run, as its file keeps it. */
export interface Results {
  startedAt: string;
  endedAt: string;
  isQuick: boolean;
  rounds: number;
  machine: Machine;
  versions: Record<string, string>;
  /** Servers in the order of the tables. */
  peers: string[];
  /** What was measured, round by round. */
  rows: readonly Row[];
}
