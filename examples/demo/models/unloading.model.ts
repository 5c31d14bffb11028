import { setTimeout as delay } from "node:timers/promises";
import { api, BaseModel, stream, z, type Context } from "pinestream";
import { Problem } from "../problem.ts";

const events = z.object({
  progress: z.object({
    vessel: z.string(),
    moved: z.number().int(),
    containers: z.number().int(),
    percent: z.number(),
  }),
  finished: z.object({ message: z.string() }),
  error: z.object({ message: z.string() }),
});

interface UnloadingRow {
  id: number;
  vessel: string;
  containers: number;
  moved: number;
  state: "running" | "finished" | "jammed";
  moved_at: Date;
}

/** How long the crane takes for one container. */
const MOVE_MS = 350;
/** A job in which nothing has moved for so long has lost its crane, for example to a restart. */
const LOST_AFTER_MS = 30_000;

/** The task with progress: a crane unloads a ship, whether or not anybody watches. */
export class UnloadingModel extends BaseModel<UnloadingRow> {
  readonly #closing = new AbortController();

  @stream({
    type: "sse",
    events,
    params: z.object({ jobId: z.number().int().min(1).max(999_999_999) }),
    description: "How far the crane is with one ship; ends when the job does.",
  })
  async *streamProgress(jobId: number, ctx: Context) {
    let job = await this.findById(jobId);
    // Nothing has been sent yet, so this is an ordinary 404.
    if (!job) throw new Problem(404, `There is no unloading job ${jobId}.`);

    const sse = ctx.createSSE(events);
    let shown = -1;
    while (true) {
      if (job.moved !== shown) {
        shown = job.moved;
        const percent = Math.round((job.moved / job.containers) * 100);
        yield sse.event("progress", {
          vessel: job.vessel,
          moved: job.moved,
          containers: job.containers,
          percent,
        });
      }
      if (job.state === "finished") {
        yield sse.event("finished", {
          message: `${job.vessel} is empty: ${job.containers} containers ashore.`,
        });
        return;
      }
      const problem = problemOf(job);
      if (problem) {
        yield sse.event("error", { message: problem });
        return;
      }
      await sse.sleep(200);
      job = (await this.findById(jobId)) ?? job;
    }
  }

  @api({
    httpMethod: "POST",
    params: z.object({
      vessel: z.string().trim().min(1).max(40),
      containers: z.number().int().min(1).max(60).default(12),
      jam: z.boolean().default(false),
    }),
    description: "Starts unloading a ship; with `jam` the crane gives up halfway.",
  })
  async start(vessel: string, containers: number, jam: boolean) {
    const job = await this.insert({ vessel, containers });
    // The work belongs to the job, not to this request nor to any stream that watches it.
    void this.#unload(job, jam ? Math.ceil(containers / 2) : undefined);
    return { jobId: job.id };
  }

  /** Takes the crane out of service; jobs under way stay where they are. */
  stop(): void {
    this.#closing.abort();
  }

  async #unload(job: UnloadingRow, jamAt: number | undefined): Promise<void> {
    try {
      for (let moved = 1; moved <= job.containers; moved++) {
        await delay(MOVE_MS, undefined, { signal: this.#closing.signal });
        if (moved === jamAt) {
          await this.update(job.id, { state: "jammed" });
          return;
        }
        await this.update(job.id, {
          moved,
          moved_at: new Date(),
          state: moved === job.containers ? "finished" : "running",
        });
      }
    } catch (error) {
      if (!this.#closing.signal.aborted) console.error(`Unloading job ${job.id} broke off:`, error);
    }
  }
}

function problemOf(job: UnloadingRow): string | undefined {
  if (job.state === "jammed") return `The crane jammed after container ${job.moved} of ${job.containers}.`;
  if (Date.now() - job.moved_at.getTime() > LOST_AFTER_MS) return "The crane was switched off in mid-job.";
  return undefined;
}
