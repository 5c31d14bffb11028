import { useEffect, useState } from "react";
import { ResponseError } from "pinestream/client";
import { useStreamReducer, type StreamHookStatus } from "pinestream/react";
import { office } from "../office.ts";
import { announce } from "../state/announcements.ts";
import type { ConnectionState } from "../state/connections.ts";
import type { Job } from "./use-job.ts";
import { useRetry } from "./use-retry.ts";

/** How far a job is. */
export interface Progress {
  /** The run's id, by which it can be stopped; known after its first event. */
  run: string | undefined;
  moved: number;
  result: { tone: "good" | "bad"; text: string } | undefined;
}

const NOTHING_YET: Progress & { position: string | undefined } = {
  run: undefined,
  moved: 0,
  result: undefined,
  position: undefined,
};

/**
 * Follows a job, from its beginning. `onPosition` hears of the position that it can be found by. A job that is not
 * there any more is no failure of the connection: it was stopped, or went with the server that did it.
 */
export function useProgress(
  job: Job,
  onPosition: (job: Job, position: string) => void,
): Progress & { isOver: boolean; connection: ConnectionState; retry: () => void } {
  const { enabled, retry } = useRetry();
  // As it was at the mount: what becomes known later is no reason to open the stream anew.
  const [lastEventId] = useState(job.position);
  const { state, status, error, retryCount } = useStreamReducer(
    office.unloading.unload,
    { vessel: job.vessel, containers: job.containers, jam: job.jam, order: job.order },
    (progress: typeof NOTHING_YET, { event, data, id }) => {
      switch (event) {
        case "started":
          return { ...progress, run: data.run, position: id };
        case "progress":
          return { ...progress, moved: data.moved };
        case "finished":
          return { ...progress, result: { tone: "good" as const, text: data.message } };
        case "error":
          return { ...progress, result: { tone: "bad" as const, text: data.message } };
        default:
          return progress;
      }
    },
    NOTHING_YET,
    { enabled, lastEventId, ownConnection: true },
  );

  const { position } = state;
  useEffect(() => {
    if (position !== undefined) onPosition(job, position);
    // Once for each position: the job itself changes by it.
  }, [position]);

  const isGone = status === "failed" && error instanceof ResponseError && error.status === 410;
  const result = state.result ?? (isGone ? GONE : undefined);
  const text = result?.text;
  useEffect(() => {
    if (text !== undefined) announce(text);
  }, [text]);
  const shown: StreamHookStatus = isGone ? "ended" : status;
  return {
    run: state.run ?? runOf(lastEventId),
    moved: state.moved,
    result,
    isOver: shown === "ended",
    connection: { status: shown, error: isGone ? undefined : error, retryCount },
    retry,
  };
}

const GONE = {
  tone: "bad",
  text: "This job is over: it was stopped, or the office was closed in the middle of it.",
} as const;

/** The run that a position is one of: `run.{id}.…`. */
function runOf(position: string | undefined): string | undefined {
  return position?.split(".")[1];
}
