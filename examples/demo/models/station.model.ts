import { Worker } from "node:worker_threads";
import { api, BaseModel, stream, topic, z, type Context } from "pinestream";
import { createMeter, WhileWatched } from "../meter.ts";
import { Problem } from "../problem.ts";

const level = z.enum(["calm", "busy", "overloaded"]);

const reading = z.object({
  at: z.date(),
  cpu: z.number().describe("Per cent of one core that this process used since the reading before."),
  load: z.number().describe("Load average of the last minute, for each core of the machine."),
  memory: z.number().describe("Resident memory of this process in MiB."),
  disk: z.number().describe("Per cent of the disk in use."),
  drills: z.number().int().describe("Load drills under way."),
});

/** What is measured, once for all who watch. */
const station = topic(
  "station",
  z.object({ reading, alarm: z.object({ at: z.date(), level, message: z.string() }) }),
  { history: 60 },
);

const events = station.events.extend({
  history: z
    .object({ readings: z.array(reading), level })
    .describe("What was known before is void: the latest readings, and how the station is."),
});

type Reading = z.infer<typeof reading>;
type Level = z.infer<typeof level>;

const EVERY_MS = 1500;
/** Readings that are kept for the chart of a newcomer. */
const KEPT = 40;
const MAX_DRILLS = 2;
/** What a drill's thread runs; CommonJS, as `eval` of a worker wants it. */
const DRILL = `const { workerData } = require("node:worker_threads");
const until = Date.now() + workerData;
while (Date.now() < until);`;

/** The monitor: how the office's own computer is doing. Needs no database, so it answers at once. */
export class StationModel extends BaseModel {
  readonly #measure = createMeter();
  readonly #sampling = new WhileWatched(() => void this.#sample(), EVERY_MS);
  readonly #drills = new Set<Worker>();
  #readings: Reading[] = [];
  #level: Level = "calm";

  @stream({
    type: "sse",
    events,
    description: "Processor, memory and disk, and an alarm when the level changes.",
  })
  async *streamReadings(ctx: Context) {
    const sse = ctx.createSSE(events);
    // However many watch, it is measured once; and while nobody does, not at all.
    const leave = this.#sampling.watch();
    try {
      await sse.pipe(station, {
        snapshot: () => void sse.publish("history", { readings: this.#readings, level: this.#level }),
      });
    } finally {
      leave();
    }
  }

  @api({
    description: "The latest readings, and how the station is; for who joins a stream that others opened.",
  })
  async recent() {
    return { readings: this.#readings, level: this.#level };
  }

  @api({
    httpMethod: "POST",
    params: z.object({ seconds: z.number().int().min(1).max(20).default(6) }),
    description: "Keeps one core busy for a while, so that there is something to see.",
  })
  async drill(seconds: number) {
    if (this.#drills.size >= MAX_DRILLS)
      throw new Problem(409, `${MAX_DRILLS} drills are under way; let them finish.`);
    const worker = new Worker(DRILL, { eval: true, execArgv: [], workerData: seconds * 1000 });
    worker.unref();
    this.#drills.add(worker);
    worker.once("exit", () => this.#drills.delete(worker));
    return { drills: this.#drills.size };
  }

  async #sample(): Promise<void> {
    try {
      const at = new Date();
      const reading = { at, ...(await this.#measure()), drills: this.#drills.size };
      this.#readings = [...this.#readings, reading].slice(-KEPT);
      await station.publish("reading", reading);

      // Told once when it begins and once when it is over, not with every reading in between.
      const level = levelOf(reading);
      if (level === this.#level) return;
      this.#level = level;
      const cause = reading.drills > 0 ? ", load drill under way" : "";
      const message = `The station is ${level}: processor at ${reading.cpu} %${cause}.`;
      await station.publish("alarm", { at, level, message });
    } catch (error) {
      console.error("The station could not be measured:", error);
    }
  }
}

function levelOf({ cpu, drills }: Reading): Level {
  if (cpu > 90) return "overloaded";
  return cpu > 40 || drills > 0 ? "busy" : "calm";
}
