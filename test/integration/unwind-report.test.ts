// A test of its own file: it waits for a bound of half a minute, while other files run beside it.
import { BaseModel, stream, z, type Context } from "pinestream";
import { expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { CapturedLog } from "../helpers/log.ts";
import { events } from "../helpers/stream-client.ts";
import { http1 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

const held = gate();

class LingeringModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.number() }), params: z.object({}) })
  async *stuck(ctx: Context) {
    ctx.createSSE().publish("tick", 1);
    await held.promise;
  }
}

test("a handler that is still at it 30 s after its client has left is logged by name, once", async () => {
  const log = new CapturedLog();
  const { app, open } = await http1.serve({
    models: [LingeringModel],
    fastify: { logger: log.logger } as any,
  });
  const client = open("/api/lingering/stuck");
  await events(client, 1);
  const other = open("/api/lingering/stuck");
  await events(other, 1);
  client.leave();
  await waitFor(() => log.about("LingeringModel.stuck", 40).length > 0, {
    boundMs: 45_000,
    what: "the log line",
  });
  expect(log.about("LingeringModel.stuck", 40)).toHaveLength(1);
  expect(app.streams.list().length).toBeLessThanOrEqual(2);
  held.open();
}, 60_000);
