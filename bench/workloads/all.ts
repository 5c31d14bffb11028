import { fanOut } from "./fan-out.ts";
import { idle } from "./idle.ts";
import { oneStream } from "./one-stream.ts";
import type { Workload } from "./workload.ts";

/** All workloads, in the order of the report. */
export const WORKLOADS: readonly Workload[] = [fanOut, oneStream, idle];
