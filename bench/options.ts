import { parseArgs } from "node:util";

import { FLOOR, PEERS, type Peer } from "./peers.ts";
import type { Workload } from "./workloads/workload.ts";

/** What to run. */
export interface Options {
  isQuick: boolean;
  rounds: number;
  workloads: Workload[];
  peers: Peer[];
  /** Where the results go. */
  json: string;
}

const USAGE = `npm run bench -- [options]

  --quick            one round with few connections, to see that everything works
  --only W1,W2       these workloads
  --peers NAMES      these servers, separated by commas; the floor always takes part
  --rounds NUMBER    how often everything is measured; 3 by default
  --json PATH        where the results go; .cache/bench.json by default
  --no-build         takes dist/ as it is

npm run bench -- --document [PATH]

  Writes the numbers of docs/performance.md from the results at PATH; docs/performance.json by default.
`;

/**
 * Reads the arguments.
 *
 * @throws TypeError that says what can be given.
 */
export function readOptions(args: readonly string[], workloads: readonly Workload[]): Options {
  const { values } = parse(args);
  const isQuick = values.quick ?? false;
  const rounds = Number(values.rounds ?? (isQuick ? 1 : 3));
  if (!Number.isSafeInteger(rounds) || rounds < 1)
    refuse(`--rounds is ${values.rounds}; give a whole number.`);
  const names = choose(
    "--peers",
    values.peers,
    PEERS.map(({ name }) => name),
  );
  return {
    isQuick,
    rounds,
    workloads: choose(
      "--only",
      values.only,
      workloads.map(({ id }) => id),
    ).map((id) => workloads.find((workload) => workload.id === id) as Workload),
    peers: PEERS.filter(({ name }) => name === FLOOR || names.includes(name)),
    json: values.json ?? ".cache/bench.json",
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        quick: { type: "boolean" },
        only: { type: "string" },
        peers: { type: "string" },
        rounds: { type: "string" },
        json: { type: "string" },
        "no-build": { type: "boolean" },
      },
    });
  } catch (error) {
    return refuse((error as Error).message);
  }
}

function choose(option: string, given: string | undefined, known: readonly string[]): string[] {
  if (given === undefined) return [...known];
  const names = given.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!known.includes(name))
      refuse(`${option}: there is no ${JSON.stringify(name)}. Known: ${known.join("; ")}.`);
  }
  return names;
}

function refuse(problem: string): never {
  throw new TypeError(`${problem}\n\n${USAGE}`);
}
