import type { Peer } from "../peers.ts";

/** How large a run is. */
export interface Scale {
  isQuick: boolean;
  /** CPU time in ms that one measurement is given. */
  budgetMs: number;
}

/** What a workload measures in one round, of one server. */
export interface Row {
  workload: string;
  round: number;
  peer: string;
  /** Which variation of the workload, such as the number of streams. */
  case: string;
  /** Numbers by name; CPU in µs, memory in bytes, times in ms unless the name says otherwise. */
  values: Record<string, number>;
  /** Why there are none. */
  failure?: string;
}

/** One column of a table. */
export interface Column {
  title: string;
  case: string;
  value: string;
  format: (value: number) => string;
  /** Shown as a ratio to this server's value of the same round. */
  versus?: string;
}

/** A table of a workload: servers down, columns across. */
export interface Table {
  title: string;
  columns: Column[];
}

/** Takes one measurement down. */
export type Report = (name: string, values: Record<string, number>) => void;

/** Something that servers do under measurement. */
export interface Workload {
  id: string;
  /** What it is, in a line. */
  title: string;
  /** Whether a server takes part. */
  includes(peer: Peer): boolean;
  /** Measures one server once. */
  run(peer: Peer, scale: Scale, report: Report): Promise<void>;
  tables(scale: Scale): Table[];
}
