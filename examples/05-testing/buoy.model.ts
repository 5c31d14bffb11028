import { BaseModel, stream, z, type Context, type StreamEvent } from "pinestream";

export const events = z.object({
  position: z.object({ buoy: z.number(), metresOff: z.number() }),
  adrift: z.object({ buoy: z.number() }),
});

/** Tells how far a buoy has moved from its place, until it has got away. */
export class BuoyModel extends BaseModel {
  /** Drift for each reading in metres; a test sets its own. */
  drift = () => Math.random() * 5;

  @stream({ type: "sse", events })
  async *streamBuoy(buoy: number, limit: number, ctx: Context): AsyncGenerator<StreamEvent<typeof events>> {
    const sse = ctx.createSSE(events);
    for (let metresOff = this.drift(); metresOff < limit; metresOff += this.drift()) {
      yield sse.event("position", { buoy, metresOff });
      await sse.sleep(50);
    }
    yield sse.event("adrift", { buoy });
  }
}
