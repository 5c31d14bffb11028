// W3: streams that nothing is sent on.

import { NODE_HTTP } from "../peers.ts";
import { asKilobytes, asMegabytes, asMicros } from "../report/format.ts";
import { Session } from "./session.ts";
import type { Column, Workload } from "./workload.ts";

const CASE = "idle";

export const idle: Workload = {
  id: "W3",
  title: "5,000 idle streams: memory, CPU of opening one, what is left after they have closed",
  includes: () => true,
  async run(peer, { isQuick }, report) {
    const streams = isQuick ? 100 : 5_000;
    await Session.run(peer, async (session) => {
      for (let warm = 0; warm < 2; warm++) {
        await session.openFanOut(streams / 10);
        await session.load.call("closeAll");
      }
      const before = await session.memory({ collect: true });
      const { cpuMicros } = await session.measure(() => session.openFanOut(streams));
      const open = await session.memory({ collect: true });
      await session.received();
      await session.load.call("closeAll");
      const closed = await session.memory({ collect: true });
      report(CASE, {
        heap: (open.heap - before.heap) / streams,
        rss: (open.rss - before.rss) / streams,
        cpuPerOpening: cpuMicros / streams,
        heapLeft: closed.heap - before.heap,
        rssLeft: closed.rss - before.rss,
      });
    });
  },
  tables() {
    const column = (title: string, value: string, format: Column["format"], versus?: string): Column => ({
      title,
      case: CASE,
      value,
      format,
      ...(versus !== undefined && { versus }),
    });
    return [
      {
        title: "W3 5,000 idle streams",
        columns: [
          column("heap per stream", "heap", asKilobytes),
          column("× node:http", "heap", asKilobytes, NODE_HTTP),
          column("RSS per stream", "rss", asKilobytes),
          column("CPU per opening", "cpuPerOpening", asMicros),
          column("× node:http", "cpuPerOpening", asMicros, NODE_HTTP),
          column("heap left", "heapLeft", asMegabytes),
          column("RSS left", "rssLeft", asMegabytes),
        ],
      },
    ];
  },
};
