import { statfs } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";

/** What a station measures of itself. */
export interface Measurement {
  cpu: number;
  load: number;
  memory: number;
  disk: number;
}

/** Gives a function that measures this process; its use of the processor since the call before. */
export function createMeter(): () => Promise<Measurement> {
  const measureCpu = cpuMeter();
  return async () => {
    const cpu = measureCpu();
    const disk = await statfs(process.cwd());
    const used = disk.blocks - disk.bfree;
    return {
      cpu,
      load: round((loadavg()[0] ?? 0) / availableParallelism(), 2),
      memory: round(process.memoryUsage().rss / 2 ** 20, 1),
      disk: round((used / (used + disk.bavail)) * 100, 1),
    };
  };
}

/** Calls a function again and again, as long as somebody is there for whom that is worth while. */
export class WhileWatched {
  readonly #everyMs: number;
  readonly #task: () => void;
  #watchers = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(task: () => void, everyMs: number) {
    this.#task = task;
    this.#everyMs = everyMs;
  }

  /** Counts somebody in; the first one starts it, with a call at once. Gives what counts them out again. */
  watch(): () => void {
    if (this.#watchers++ === 0) {
      this.#timer = setInterval(this.#task, this.#everyMs);
      this.#task();
    }
    let isHere = true;
    return () => {
      if (isHere && --this.#watchers === 0) clearInterval(this.#timer);
      isHere = false;
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

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
