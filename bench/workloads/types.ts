// W6: the same streams with their schemas, and with `z.any()` in their place, which takes everything as it is.
// What differs is validation and the copy that the schema makes; encoding and sending are the same.

import { PIPE, PUBLISH } from "../peers.ts";
import { asMicros, asRatio } from "../report/format.ts";
import { measureFanOut } from "./fan-out.ts";
import { measurePull } from "./one-stream.ts";
import { Session } from "./session.ts";
import type { Peer } from "../peers.ts";
import type { Scale, Workload } from "./workload.ts";

const CASE = "schema";

async function measureOnce(peer: Peer, scale: Scale, env: Record<string, string>): Promise<number> {
  if (peer.name === PIPE) return (await measurePull(peer, scale, env))["cpuPerEvent"] as number;
  return await Session.run(
    peer,
    async (session) => {
      const streams = scale.isQuick ? 20 : 100;
      await session.openFanOut(streams);
      const { budgetMs } = scale;
      return (await measureFanOut(session, { streams, perTurn: 1, budgetMs })).cpuPerEvent;
    },
    env,
  );
}

export const types: Workload = {
  id: "W6",
  title: "cost of types: the same stream with its schema and with z.any()",
  includes: ({ name }) => name === PIPE || name === PUBLISH,
  async run(peer, scale, report) {
    const typed = await measureOnce(peer, scale, {});
    const untyped = await measureOnce(peer, scale, { BENCH_SCHEMA: "any" });
    report(CASE, { typed, untyped, ratio: typed / untyped });
  },
  tables: () => [
    {
      title: `W6 cost of types: CPU per event of one stream (${PIPE}), and of 100 streams (${PUBLISH})`,
      columns: [
        { title: "with the schema", case: CASE, value: "typed", format: asMicros },
        { title: "with z.any()", case: CASE, value: "untyped", format: asMicros },
        { title: "ratio", case: CASE, value: "ratio", format: asRatio },
      ],
    },
  ],
};
