import { statfs } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { Worker } from "node:worker_threads";
import { api, BaseModel, stream, z, type Context, type StreamEvent } from "pinestream";
import { Problem } from "../problem.ts";

const level = z.enum(["calm", "busy", "overloaded"]);

const events = z.object({
  reading: z.object({
    /** Per cent of one core that this process used since the reading before. */
    cpu: z.number(),
    /** Load average of the last minute, for each core of the machine. */
    load: z.number(),
    /** Resident memory of this process in MiB. */
    memory: z.number(),
    /** Per cent of the disk in use. */
    disk: z.number(),
    /** Load drills under way. */
    drills: z.number().int(),
  }),
  alarm: z.object({ level, message: z.string() }),
});

type Reading = z.infer<typeof events>["reading"];

const MAX_DRILLS = 2;
/** What a drill's thread runs; CommonJS, as `eval` of a worker wants it. */
const DRILL = `const { workerData } = require("node:worker_threads");
const until = Date.now() + workerData;
while (Date.now() < until);`;

/** The monitor: how the office's own computer is doing. Needs no database, so it answers at once. */
export class StationModel extends BaseModel {
  readonly #drills = new Set<Worker>();

  @stream({
    type: "sse",
    events,
    description: "Processor, memory and disk, and an alarm when the level changes.",
  })
  async *streamReadings(ctx: Context): AsyncGenerator<StreamEvent<typeof events>> {
    const sse = ctx.createSSE(events);
    const measureCpu = cpuMeter();
    let before: z.infer<typeof level> = "calm";

    while (true) {
      const reading = await this.#read(measureCpu());
      yield ["reading", reading];

      // Told once when it begins and once when it is over, not with every reading in between.
      const now = levelOf(reading);
      if (now !== before)
        yield ["alarm", { level: now, message: `The station is ${now}: processor at ${reading.cpu} %.` }];
      before = now;

      await sse.sleep(1500);
    }
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

  async #read(cpu: number): Promise<Reading> {
    const disk = await statfs(process.cwd());
    const used = disk.blocks - disk.bfree;
    return {
      cpu,
      load: round((loadavg()[0] ?? 0) / availableParallelism(), 2),
      memory: round(process.memoryUsage().rss / 2 ** 20, 1),
      disk: round((used / (used + disk.bavail)) * 100, 1),
      drills: this.#drills.size,
    };
  }
}

/** Gives a function that tells the process's use of the processor since its last call, in per cent of one core. */
function cpuMeter(): () => number {
  let usage = process.cpuUsage();
  let at = process.hrtime.bigint();
  return () => {
    const spent = process.cpuUsage(usage);
    const elapsed = Number(process.hrtime.bigint() - at) / 1000;
    usage = process.cpuUsage();
    at = process.hrtime.bigint();
    return elapsed < 1000 ? 0 : round(((spent.user + spent.system) / elapsed) * 100, 1);
  };
}

function levelOf(reading: Reading): z.infer<typeof level> {
  if (reading.cpu > 90) return "overloaded";
  return reading.cpu > 40 ? "busy" : "calm";
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
