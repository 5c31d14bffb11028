// W7: topics by each broker. The publisher is a process of its own, but for the memory broker, which has no other.

import { PIPE } from "../peers.ts";
import { BrokerProgram, BROKERS, type BrokerKind } from "../processes/broker-program.ts";
import { Worker } from "../processes/worker.ts";
import { asCount, asMicros, asMillis } from "../report/format.ts";
import type { Usage } from "../servers/serve.ts";
import { Session } from "./session.ts";
import type { Column, Report, Scale, Workload } from "./workload.ts";
import type { Peer } from "../peers.ts";

async function measure(
  peer: Peer,
  { isQuick }: Scale,
  broker: BrokerProgram | undefined,
): Promise<Record<string, number>> {
  const streams = isQuick ? 20 : 1_000;
  const events = isQuick ? 50 : 200;
  const env: Record<string, string> = broker ? { BENCH_BROKER: broker.url } : {};
  return await Session.run(
    peer,
    async (session) => {
      const publisher = broker ? await Worker.start("publisher", peer.script, env) : session.server;
      try {
        if (broker) await publisher.call("listen");
        await session.openFanOut(streams);
        await publishUntilHeard(session, publisher);
        await session.publish({ events, perTurn: 1 }, publisher);
        if (broker) await publisher.call("mark");
        const { cpuMicros, wallMs } = await session.measure(() =>
          session.publish({ events, perTurn: 1 }, publisher),
        );
        const published = broker && (await publisher.call<Usage>("usage"));
        await session.load.call("time", true);
        await session.publish({ events: isQuick ? 10 : 60, perTurn: 1, everyMs: 50 }, publisher);
        const { p50, p99 } = await session.received();
        return {
          cpuPerEvent: cpuMicros / (events * streams),
          ...(published && { cpuPerPublish: published.cpuMicros / events }),
          eventsPerSecond: (events * streams) / (wallMs / 1_000),
          p50: p50 / 1_000,
          p99: p99 / 1_000,
        };
      } finally {
        if (broker) await publisher.stop();
      }
    },
    env,
  );
}

/**
 * Publishes one event after another until all streams have the latest. A stream's head goes out before its topic is
 * listened to at the broker, and what is published until then is not for it.
 */
async function publishUntilHeard(session: Session, publisher: Worker): Promise<void> {
  for (let attempts = 60; attempts > 0; attempts--) {
    try {
      await session.publish({ events: 1, perTurn: 1 }, publisher, 1_000);
      return;
    } catch (error) {
      if (attempts === 1) throw error;
    }
  }
}

async function runOne(kind: BrokerKind, peer: Peer, scale: Scale, report: Report): Promise<void> {
  const broker = kind === "memory" ? undefined : await BrokerProgram.start(kind);
  try {
    report(kind, await measure(peer, scale, broker));
  } finally {
    await broker?.stop();
  }
}

export const brokers: Workload = {
  id: "W7",
  title: "brokers: the publisher in one process, 1,000 streams in another",
  includes: ({ name }) => name === PIPE,
  async run(peer, scale, report) {
    for (const kind of BROKERS) {
      if (kind === "memory" || BrokerProgram.isInstalled(kind)) await runOne(kind, peer, scale, report);
    }
  },
  tables() {
    const table = (title: string, value: string, format: Column["format"]) => ({
      title,
      columns: BROKERS.map((kind) => ({ title: kind, case: kind, value, format })),
    });
    return [
      table("W7 brokers, 1,000 streams: server CPU per delivered event", "cpuPerEvent", asMicros),
      table("W7 brokers, 1,000 streams: delivered events per second", "eventsPerSecond", asCount),
      table(
        "W7 brokers: CPU per publish of the publisher, where it is a process of its own",
        "cpuPerPublish",
        asMicros,
      ),
      table("W7 brokers, 20 publishes per second: median latency", "p50", asMillis),
      table("W7 brokers, 20 publishes per second: latency, 99th percentile", "p99", asMillis),
    ];
  },
};
