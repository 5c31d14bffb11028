import type { Broker, LogAddress } from "../topic/broker.ts";
import { formatRunPrefix } from "./run-id.ts";

/** Entries of a run's log that are no events of the endpoint. */
export const MARKS = {
  /** The first entry. */
  start: "~start",
  /** The process that runs it is there; written while nothing else happens, too. */
  alive: "~alive",
  /** Somebody wants it to stop. */
  cancel: "~cancel",
  /** It has ended on purpose. */
  end: "~end",
  /** It has failed, or its server was closed. */
  failed: "~failed",
  /** It has stopped because somebody wanted it to. */
  cancelled: "~cancelled",
} as const;

/** How a run is over. */
export type RunOutcome = "end" | "failed" | "cancelled";

/** How long the process of a run may write nothing into its log, in ms. */
export const ALIVE_MS = 10_000;

/** How much is kept of runs. */
export interface RunSettings {
  /** Most events that are kept of one run. */
  history: number;
  /** How long each event of a run is kept, in ms. */
  ttlMs: number;
}

/** The log of one run. */
export class RunLog {
  readonly id: string;
  readonly broker: Broker;
  readonly address: LogAddress;

  constructor(broker: Broker, id: string, { history, ttlMs }: RunSettings) {
    this.id = id;
    this.broker = broker;
    this.address = { topic: "pinestream.runs", key: id, history, ttlMs, idPrefix: formatRunPrefix(id) };
  }

  /**
   * Adds an entry. Waits for a broker that is away, if `timeoutMs` says nothing else.
   *
   * @throws BrokerError
   */
  async append(event: string, data = "null", timeoutMs?: number): Promise<void> {
    await this.broker.publish(this.address, { event, data }, { timeoutMs });
  }

  /** Tells whether there is such a run, or was not long ago. @throws BrokerError */
  async exists(): Promise<boolean> {
    const { entries } = await this.broker.read(this.address, 0, 1);
    return entries.length > 0;
  }
}

/** Reads an entry's name as how the run is over; `undefined` for any other. */
export function outcomeOf(event: string): RunOutcome | undefined {
  switch (event) {
    case MARKS.end:
      return "end";
    case MARKS.failed:
      return "failed";
    case MARKS.cancelled:
      return "cancelled";
    default:
      return undefined;
  }
}

/** Tells whether an entry is no event of the endpoint; those may not have such names. */
export function isMark(event: string): boolean {
  return event.startsWith("~");
}
