import type { Options } from "./options.ts";
import type { Peer } from "./peers.ts";
import type { Row, Scale, Workload } from "./workloads/workload.ts";

/** Says how far it is, on one line. */
export type Say = (text: string) => void;

/** How large a run is. */
export function scaleOf({ isQuick }: Pick<Options, "isQuick">): Scale {
  return { isQuick, budgetMs: isQuick ? 100 : 1_500 };
}

/**
 * Measures everything: round by round, and in each round one server after another, so that what changes on the
 * machine meanwhile meets all of them. Each round begins with another server. `onRound` is told after each of what
 * there is so far.
 */
export async function run(
  options: Options,
  say: Say,
  onRound: (rows: readonly Row[], rounds: number) => void,
): Promise<Row[]> {
  const scale = scaleOf(options);
  const rows: Row[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    for (const workload of options.workloads) {
      const peers = options.peers.filter((peer) => workload.includes(peer));
      const first = (round - 1) % Math.max(1, peers.length);
      for (const peer of [...peers.slice(first), ...peers.slice(0, first)]) {
        say(`round ${round} of ${options.rounds}, ${workload.id}, ${peer.name}`);
        rows.push(...(await measure(workload, peer, round, scale)));
      }
    }
    onRound(rows, round);
  }
  return rows;
}

async function measure(workload: Workload, peer: Peer, round: number, scale: Scale): Promise<Row[]> {
  const rows: Row[] = [];
  const row = { workload: workload.id, round, peer: peer.name };
  try {
    await workload.run(peer, scale, (name, values) => rows.push({ ...row, case: name, values }));
  } catch (error) {
    // What was measured before stays: each is a measurement of its own.
    rows.push({ ...row, case: "", values: {}, failure: (error as Error).message });
  }
  return rows;
}
