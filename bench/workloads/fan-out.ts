// W1: the same event to many streams.

import { createPosition } from "../event.ts";
import { FLOOR } from "../peers.ts";
import { asCount, asMicros, asMillis } from "../report/format.ts";
import { Session } from "./session.ts";
import type { Column, Report, Scale, Table, Workload } from "./workload.ts";

/** Most events of one measurement, so that a client which is behind has less than 1 MiB to come. */
const MAX_EVENTS = 2_000;
/** Fewest turns of a measurement, however slow a server is. */
const MIN_TURNS = 5;
/** Delivered events of a trial, and its fewest turns. */
const TRIAL_EVENTS = 20_000;
const MIN_TRIAL_TURNS = 3;
/** Pause between publishes where latency is measured: 20 a second. */
const EVERY_MS = 50;

/** How many streams there are, and what they are called. */
function sizes({ isQuick }: Scale): number[] {
  return isQuick ? [50] : [100, 1_000, 5_000];
}

/** Measures one pattern, in as many events as fit the budget. Gives the CPU of each delivered event. */
export async function measureFanOut(
  session: Session,
  { streams, perTurn, budgetMs }: { streams: number; perTurn: number; budgetMs: number },
): Promise<{ cpuPerEvent: number; eventsPerSecond: number }> {
  // The first turns compile, and tell how long the rest will take.
  const trialTurns = Math.max(MIN_TRIAL_TURNS, Math.round(TRIAL_EVENTS / streams / perTurn));
  const trial = { events: trialTurns * perTurn, perTurn };
  await session.publish(trial);
  const { cpuMicros: trialMicros } = await session.measure(() => session.publish(trial));
  const fitting = Math.round((budgetMs * 1_000 * trialTurns) / trialMicros);
  const turns = Math.max(MIN_TURNS, Math.min(Math.floor(MAX_EVENTS / perTurn), fitting));
  const events = turns * perTurn;
  await session.publish({ events: Math.max(perTurn, Math.round(turns / 3) * perTurn), perTurn });
  const { cpuMicros, wallMs } = await session.measure(() => session.publish({ events, perTurn }));
  const delivered = events * streams;
  return { cpuPerEvent: cpuMicros / delivered, eventsPerSecond: delivered / (wallMs / 1_000) };
}

async function measureLatency(session: Session, { isQuick }: Scale): Promise<Record<string, number>> {
  await session.publish({ events: 5, perTurn: 1, everyMs: EVERY_MS });
  await session.load.call("time", true);
  await session.publish({ events: isQuick ? 20 : 100, perTurn: 1, everyMs: EVERY_MS });
  const { p50, p99 } = await session.received();
  await session.load.call("time", false);
  return { p50: p50 / 1_000, p99: p99 / 1_000 };
}

/** Looks whether what was sent is the event. */
function assertSame(sample: string): void {
  const line = /^data: ?(\{"ship".*\})$/m.exec(sample)?.[1];
  if (line === undefined) throw new Error(`no event in what was sent:\n${sample.slice(0, 1_000)}`);
  const sent = JSON.parse(line) as Record<string, unknown>;
  for (const [name, value] of Object.entries(createPosition(1))) {
    const isSame = name === "at" || name === "n" ? typeof sent[name] === "number" : sent[name] === value;
    if (!isSame)
      throw new Error(
        `another event was sent, with ${name} ${JSON.stringify(sent[name])}:\n${sample.slice(0, 1_000)}`,
      );
  }
}

function column(streams: number, pattern: string, value: string, format: Column["format"]): Column[] {
  const of = { case: `${streams} streams, ${pattern}`, value, format };
  return [
    { ...of, title: `${asCount(streams)} streams` },
    { ...of, title: "× floor", versus: FLOOR },
  ];
}

export const fanOut: Workload = {
  id: "W1",
  title: "fan-out: one event of about 230 bytes to many streams",
  includes: () => true,
  async run(peer, scale, report: Report) {
    for (const streams of sizes(scale)) {
      await Session.run(peer, async (session) => {
        await session.openFanOut(streams);
        for (const perTurn of [1, 10]) {
          const values = await measureFanOut(session, { streams, perTurn, budgetMs: scale.budgetMs });
          report(`${streams} streams, ${perTurn} per turn`, values);
        }
        report(`${streams} streams, 20 per second`, await measureLatency(session, scale));
        assertSame((await session.received()).sample);
      });
    }
  },
  tables(scale): Table[] {
    const all = sizes(scale);
    const cpu = (pattern: string): Column[] =>
      all.flatMap((streams) => column(streams, pattern, "cpuPerEvent", asMicros));
    const latency = (value: string): Column[] =>
      all.flatMap((streams) => column(streams, "20 per second", value, asMillis));
    return [
      {
        title: "W1 fan-out, one publish per turn: server CPU per delivered event",
        columns: cpu("1 per turn"),
      },
      {
        title: "W1 fan-out, ten publishes per turn: server CPU per delivered event",
        columns: cpu("10 per turn"),
      },
      { title: "W1 fan-out, 20 publishes per second: median latency", columns: latency("p50") },
      { title: "W1 fan-out, 20 publishes per second: latency, 99th percentile", columns: latency("p99") },
    ];
  },
};
