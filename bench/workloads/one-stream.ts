// W2: one client, many small events from a generator, at the pace of the client.

import { FLOOR, PUBLISH } from "../peers.ts";
import { asMegabytes, asMicros } from "../report/format.ts";
import { Session } from "./session.ts";
import type { Peer } from "../peers.ts";
import type { Scale, Workload } from "./workload.ts";

const CASE = "200,000 events";

/** Measures a stream of one client. */
export async function measurePull(
  peer: Peer,
  { isQuick }: Scale,
  env: Record<string, string> = {},
): Promise<Record<string, number>> {
  const events = isQuick ? 5_000 : 200_000;
  return await Session.run(
    peer,
    async (session) => {
      const pull = async (count: number): Promise<void> => {
        await session.openPull(count, 0);
        await session.load.call("ended", { withinMs: 120_000 });
        const received = await session.received();
        if (received.events !== count) throw new Error(`${received.events} of ${count} events came`);
        await session.load.call("closeAll");
      };
      await session.server.call("watchMemory");
      for (let warm = 0; warm < 3; warm++) await pull(events / 10);
      const before = await session.memory({ collect: true });
      const { cpuMicros } = await session.measure(() => pull(events));
      const after = await session.memory();
      return {
        cpuPerEvent: cpuMicros / events,
        peakRss: Math.max(0, after.peakRss - before.rss),
        peakHeap: Math.max(0, after.peakHeap - before.heap),
      };
    },
    env,
  );
}

export const oneStream: Workload = {
  id: "W2",
  title: "one stream: 200,000 small events from a generator, back-pressure honoured",
  // The generator is the same, however the fan-out is done.
  includes: ({ name }) => name !== PUBLISH,
  async run(peer, scale, report) {
    report(CASE, await measurePull(peer, scale));
  },
  tables: () => [
    {
      title: "W2 one stream of 200,000 small events from a generator",
      columns: [
        { title: "CPU per event", case: CASE, value: "cpuPerEvent", format: asMicros },
        { title: "× floor", case: CASE, value: "cpuPerEvent", format: asMicros, versus: FLOOR },
        { title: "peak RSS, above the start", case: CASE, value: "peakRss", format: asMegabytes },
        { title: "peak heap, above the start", case: CASE, value: "peakHeap", format: asMegabytes },
      ],
    },
  ],
};
