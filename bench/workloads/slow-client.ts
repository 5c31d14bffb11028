// W4: a client that never reads, while 200 MB are offered to it; pushed by a fan-out, and pulled from a generator.

import { PUBLISH } from "../peers.ts";
import { asMegabytes, asMillis } from "../report/format.ts";
import type { Memory } from "../servers/serve.ts";
import { Session } from "./session.ts";
import type { Column, Workload } from "./workload.ts";

/** Size of an event; large, so that 200 MB are soon offered. */
const EVENT_BYTES = 32_768;
/** Clients that read as they should meanwhile. */
const OTHERS = 4;

/** How long events take to the others, 99th percentile in ms, while something is published. */
async function timed(session: Session, plan: Parameters<Session["publish"]>[0]): Promise<number> {
  await session.load.call("time", true);
  await session.publish(plan);
  const { p99 } = await session.received();
  await session.load.call("time", false);
  return p99 / 1_000;
}

/** What a server has come to: at its highest, and what it still holds when garbage has been collected. */
async function grown(session: Session, before: Memory): Promise<{ peak: number; held: number }> {
  const { peakRss } = await session.memory();
  const after = await session.memory({ collect: true });
  const held = after.heap + after.external - before.heap - before.external;
  return { peak: Math.max(0, peakRss - before.rss), held };
}

export const slowClient: Workload = {
  id: "W4",
  title: "a client that never reads, while 200 MB are offered: peak memory, and what others notice",
  includes: ({ name }) => name !== PUBLISH,
  async run(peer, { isQuick }, report) {
    const events = Math.ceil((isQuick ? 20_000_000 : 200_000_000) / EVENT_BYTES);
    await Session.run(peer, async (session) => {
      // 800 a second, which the others keep up with.
      const pace = { perTurn: 4, everyMs: 5, bytes: EVENT_BYTES };
      await session.openFanOut(OTHERS);
      await timed(session, { ...pace, events: 200 });
      const calm = await timed(session, { ...pace, events: 400 });
      const before = await session.memory({ collect: true });
      await session.openFanOut(1, { stalled: true });
      const beside = await timed(session, { ...pace, events });
      report("push", { ...(await grown(session, before)), calm, beside });
    });
    await Session.run(peer, async (session) => {
      const pace = { perTurn: 1, everyMs: 10 };
      await session.openFanOut(OTHERS);
      await timed(session, { ...pace, events: 50 });
      const calm = await timed(session, { ...pace, events: 100 });
      const before = await session.memory({ collect: true });
      await session.openPull(events, EVENT_BYTES, { stalled: true });
      const beside = await timed(session, { ...pace, events: isQuick ? 50 : 400 });
      const taken = (await session.server.call<number>("offered")) * EVENT_BYTES;
      report("pull", { ...(await grown(session, before)), taken, calm, beside });
    });
  },
  tables() {
    const latency = (of: string): Column[] => [
      { title: "p99 of others before", case: of, value: "calm", format: asMillis },
      { title: "beside it", case: of, value: "beside", format: asMillis },
    ];
    const peak = (of: string): Column[] => [
      { title: "peak RSS, above the start", case: of, value: "peak", format: asMegabytes },
      { title: "held after collection", case: of, value: "held", format: asMegabytes },
    ];
    return [
      {
        title: "W4 a client that never reads, 200 MB pushed to it by a fan-out",
        columns: [...peak("push"), ...latency("push")],
      },
      {
        title: "W4 a client that never reads, a generator of 200 MB",
        columns: [
          ...peak("pull"),
          { title: "taken from the generator", case: "pull", value: "taken", format: asMegabytes },
          ...latency("pull"),
        ],
      },
    ];
  },
};
