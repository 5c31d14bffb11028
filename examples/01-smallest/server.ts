// npx tsx examples/01-smallest/server.ts
import { BaseModel, createServer, stream, z, type Context } from "pinestream";

const events = z.object({
  level: z.object({ metres: z.number(), measuredAt: z.date() }),
});

class TideModel extends BaseModel {
  @stream({ type: "sse", events })
  async *streamLevel(ctx: Context) {
    const sse = ctx.createSSE(events);
    while (true) {
      sse.publish("level", { metres: 2 + Math.sin(Date.now() / 60_000), measuredAt: new Date() });
      await sse.sleep(1000);
    }
  }
}

const app = await createServer({ models: [TideModel], handleSignals: true });
const address = await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`curl -N '${address}/api/tide/streamLevel'`);
