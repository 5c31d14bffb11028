import { brokers } from "./brokers.ts";
import { fanOut } from "./fan-out.ts";
import { growth } from "./growth.ts";
import { idle } from "./idle.ts";
import { oneStream } from "./one-stream.ts";
import { slowClient } from "./slow-client.ts";
import { types } from "./types.ts";
import type { Workload } from "./workload.ts";

/** All workloads, in the order of the report. */
export const WORKLOADS: readonly Workload[] = [fanOut, oneStream, idle, slowClient, growth, types, brokers];
