import { useCallback } from "react";
import { useStoredJSON } from "./use-stored.ts";

/** A job of the crane that this browser has started. */
export interface Job {
  /** Tells it from other jobs; the windows of this browser share its stream by it. */
  order: string;
  vessel: string;
  containers: number;
  jam: boolean;
  /** The position of its first event. Whoever goes on from there is given this job, and never starts another. */
  position?: string;
}

/** Jobs that this very page has asked for: it may open their streams before they have a position. */
const orderedHere = new Set<string>();

/**
 * The job that the windows of this browser watch, remembered so that a reload finds it again. It is handed out
 * only where its stream can be opened without the danger of starting the work a second time.
 */
export function useJob(): {
  job: Job | undefined;
  /** Whether it was ordered in this very window. */
  isOwn: boolean;
  order: (what: Pick<Job, "vessel" | "containers" | "jam">) => void;
  forget: () => void;
  keepPosition: (job: Job, position: string) => void;
} {
  const [stored, setStored] = useStoredJSON("job", parseJob);
  const isSafe = stored && (stored.position !== undefined || orderedHere.has(stored.order));
  const order = useCallback(
    (what: Pick<Job, "vessel" | "containers" | "jam">) => {
      const order = Array.from(crypto.getRandomValues(new Uint32Array(2)), (part) => part.toString(36)).join(
        "",
      );
      orderedHere.add(order);
      setStored({ order, ...what });
    },
    [setStored],
  );
  const forget = useCallback(() => setStored(undefined), [setStored]);
  const keepPosition = useCallback(
    (job: Job, position: string) => {
      if (orderedHere.has(job.order)) setStored({ ...job, position });
    },
    [setStored],
  );
  const isOwn = stored !== undefined && orderedHere.has(stored.order);
  return { job: isSafe ? stored : undefined, isOwn, order, forget, keepPosition };
}

function parseJob(value: unknown): Job | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const { order, vessel, containers, jam, position } = value as Partial<Record<keyof Job, unknown>>;
  if (typeof order !== "string" || typeof vessel !== "string" || typeof containers !== "number")
    return undefined;
  return { order, vessel, containers, jam: jam === true, ...(typeof position === "string" && { position }) };
}
