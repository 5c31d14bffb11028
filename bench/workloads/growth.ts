// W5: whether an event costs more where there are more streams, or more topics.

import { FLOOR, PIPE } from "../peers.ts";
import { asCount, asMicros } from "../report/format.ts";
import { measureFanOut } from "./fan-out.ts";
import { Session } from "./session.ts";
import type { Column, Scale, Workload } from "./workload.ts";

function streamCounts({ isQuick }: Scale): number[] {
  return isQuick ? [20, 100] : [100, 1_000, 10_000];
}

function topicCounts({ isQuick }: Scale): number[] {
  return isQuick ? [1, 50] : [1, 100, 10_000];
}

export const growth: Workload = {
  id: "W5",
  title: "growth: CPU per event with ever more streams of one topic, and ever more topics of one stream each",
  includes: ({ name }) => name === FLOOR || name === PIPE,
  async run(peer, scale, report) {
    for (const streams of streamCounts(scale)) {
      await Session.run(peer, async (session) => {
        await session.openFanOut(streams);
        report(
          `${streams} streams`,
          await measureFanOut(session, { streams, perTurn: 1, budgetMs: scale.budgetMs }),
        );
      });
    }
    for (const topics of topicCounts(scale)) {
      await Session.run(peer, async (session) => {
        // A stream each, and one publish per turn: what is done for an event is the same, however many there are.
        await session.openFanOut(topics, { topics });
        const total = scale.isQuick ? 1_000 : 20_000;
        const events = Math.max(1, Math.round(total / topics));
        await session.publish({ events, perTurn: 1, topics });
        const { cpuMicros } = await session.measure(() => session.publish({ events, perTurn: 1, topics }));
        report(`${topics} topics`, { cpuPerEvent: cpuMicros / (events * topics) });
      });
    }
  },
  tables(scale) {
    const columns = (counts: readonly number[], of: string): Column[] =>
      counts.map((count) => ({
        title: `${asCount(count)} ${count === 1 ? of.slice(0, -1) : of}`,
        case: `${count} ${of}`,
        value: "cpuPerEvent",
        format: asMicros,
      }));
    return [
      {
        title: "W5 growth with streams: one topic, one publish per turn; server CPU per delivered event",
        columns: columns(streamCounts(scale), "streams"),
      },
      {
        title: "W5 growth with topics: a stream each, one publish per turn; server CPU per event",
        columns: columns(topicCounts(scale), "topics"),
      },
    ];
  },
};
