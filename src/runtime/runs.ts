import { jitter } from "../async/jitter.ts";
import { ServerBusyError } from "../errors/http-errors.ts";
import { MARKS, RunLog, type RunSettings } from "../runs/run-log.ts";
import type { OpenStream, Run, RunHost } from "./types.ts";
import type { Broker } from "../topic/broker.ts";

/** One run of a durable endpoint, as `app.runs` shows it. */
export interface RunInfo {
  id: string;
  /** `ClassName.methodName`. */
  endpoint: string;
  /** What `authenticate` gave for whoever has started it, or `null`. */
  user: unknown;
  startedAt: Date;
  /** Events so far. */
  events: number;
}

/** Options for runs of durable endpoints. */
export interface RunOptions {
  /** Most events that are kept of one run, for viewers who come later; 10,000 by default. */
  history?: number;
  /** How long each event of a run is kept, in ms; an hour by default. */
  ttl?: number;
  /** Most runs at a time in this process; a further one is answered 503. 1,000 by default. */
  max?: number;
}

const DEFAULTS = { history: 10_000, ttl: 3_600_000, max: 1_000 };

/** The runs of durable endpoints. */
export class Runs implements RunHost {
  readonly settings: RunSettings;
  readonly broker: () => Broker;
  readonly #max: number;
  readonly #runs = new Set<Run & OpenStream>();

  /** @throws TypeError for an option that can't be. */
  constructor(broker: () => Broker, options: RunOptions = {}) {
    const { history, ttl, max } = { ...DEFAULTS, ...options };
    for (const [name, value] of Object.entries({ history, ttl, max })) {
      if (typeof value === "number" && value > 0) continue;
      throw new TypeError(`runs.${name} is ${value}. Give a number above 0.`);
    }
    this.broker = broker;
    this.settings = { history, ttlMs: ttl };
    this.#max = max;
  }

  /** Lists the runs of this process, oldest first. */
  list(): RunInfo[] {
    return [...this.#runs].map(({ id, endpoint, user, openedAt, connection }) => ({
      id,
      endpoint,
      user,
      startedAt: new Date(openedAt),
      events: connection.events,
    }));
  }

  /**
   * Stops a run, in whichever process it is. Gives `false` where there is none of that id.
   *
   * @throws BrokerError where the broker is away.
   */
  async cancel(id: string): Promise<boolean> {
    const log = new RunLog(this.broker(), id, this.settings);
    if (!(await log.exists())) return false;
    await log.append(MARKS.cancel);
    return true;
  }

  /** @internal */
  add(run: Run & OpenStream): void {
    if (this.#runs.size >= this.#max) {
      throw new ServerBusyError("The server has as many runs as it can. Try again.", jitter(2, 10));
    }
    this.#runs.add(run);
  }

  /** @internal */
  remove(run: Run & OpenStream): void {
    this.#runs.delete(run);
  }
}
