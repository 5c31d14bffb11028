// A third party's client, which knows nothing of pinestream, against real servers.
import { EventSource } from "eventsource";
import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { http1 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let runs: (string | undefined)[] = [];
beforeEach(() => (runs = []));

class SourceModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}), retry: 10 })
  async *finishing(ctx: Context) {
    runs.push(ctx.lastEventId);
    yield { event: "tick", data: 1, id: "one" };
    yield { event: "tick", data: 2, id: "two" };
  }

  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}), retry: 10 })
  async *breaking(ctx: Context) {
    runs.push(ctx.lastEventId);
    yield { event: "tick", data: runs.length, id: `run-${runs.length}` };
    await new Promise((resolve) => setImmediate(resolve));
    if (runs.length < 3) throw new Error("breaks off");
  }
}

const connect = async (path: string, options: object = {}) => {
  const served = await http1.serve({ models: [SourceModel], ...options });
  const source = new EventSource(`http://127.0.0.1:${served.port}${path}`);
  onTestFinished(() => source.close());
  const seen: string[] = [];
  for (const name of ["open", "error", "tick", "end"]) {
    source.addEventListener(name, (event) =>
      seen.push((event as MessageEvent).data ? `${name} ${(event as MessageEvent).data}` : name),
    );
  }
  return { ...served, source, seen };
};

test("F13: EventSource receives all events and the end, reconnects once, and is told by 204 to stay closed", async () => {
  const { source, seen } = await connect("/api/source/finishing");
  await waitFor(() => source.readyState === EventSource.CLOSED, { what: () => `CLOSED; seen: ${seen}` });
  expect(seen.slice(0, 4)).toEqual(["open", "tick 1", "tick 2", "end END"]);
  expect(runs).toEqual([undefined]);
});

test("EventSource goes on after a break with the last event's id", async () => {
  const { source, seen } = await connect("/api/source/breaking");
  await waitFor(() => source.readyState === EventSource.CLOSED, { what: () => `CLOSED; seen: ${seen}` });
  expect(runs).toEqual([undefined, "run-1", "run-2"]);
  expect(seen.filter((line) => line.startsWith("tick"))).toEqual(["tick 1", "tick 2", "tick 3"]);
});
