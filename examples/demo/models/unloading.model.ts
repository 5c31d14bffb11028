import { BaseModel, stream, z, type Context } from "pinestream";

const events = z.object({
  started: z.object({
    run: z.string().describe("Where the job can be watched, and cancelled by DELETE: below this endpoint."),
    vessel: z.string(),
    containers: z.number().int(),
  }),
  progress: z.object({ moved: z.number().int(), containers: z.number().int(), percent: z.number() }),
  finished: z.object({ message: z.string() }),
  error: z.object({ message: z.string() }),
});

interface UnloadingRow {
  id: number;
  vessel: string;
  containers: number;
  moved: number;
  state: "running" | "finished" | "jammed" | "stopped";
  moved_at: Date;
}

/** How long the crane takes for one container. */
const MOVE_MS = 350;

/** The task with progress: a crane unloads a ship, whether or not anybody watches. */
export class UnloadingModel extends BaseModel<UnloadingRow> {
  // Durable: the job is this handler, and who watches may come and go. A client that comes again, with the id of
  // the last event it has seen, is given the same job. Only a DELETE stops it, or the end of the server.
  // A GET, for those are what tabs can share a connection for.
  @stream({
    type: "sse",
    events,
    durable: true,
    params: z.object({
      vessel: z.string().trim().min(1).max(40),
      containers: z.number().int().min(1).max(60).default(12),
      jam: z.boolean().default(false).describe("Whether the crane gives up halfway."),
      order: z.string().max(40).default("").describe("Tells jobs apart, for tabs that share their streams."),
    }),
    description: "Unloads a ship and tells how far the crane is; ends when the job does.",
  })
  async *unload(vessel: string, containers: number, jam: boolean, _order: string, ctx: Context) {
    const sse = ctx.createSSE(events);
    const job = await this.insert({ vessel, containers });
    const jamAt = jam ? Math.ceil(containers / 2) : undefined;
    let moved = 0;
    let state: UnloadingRow["state"] = "stopped";
    try {
      yield sse.event("started", { run: ctx.run?.id ?? "", vessel, containers });
      while (moved < containers) {
        await sse.sleep(MOVE_MS);
        if (moved + 1 === jamAt) {
          state = "jammed";
          yield sse.event("error", {
            message: `The crane jammed after container ${moved} of ${containers}.`,
          });
          return;
        }
        moved++;
        const percent = Math.round((moved / containers) * 100);
        yield sse.event("progress", { moved, containers, percent });
      }
      state = "finished";
      yield sse.event("finished", { message: `${vessel} is empty: ${containers} containers ashore.` });
    } finally {
      // Also when the job is stopped: what has become of it goes into the books.
      await this.update(job.id, { moved, state, moved_at: new Date() });
    }
  }
}
