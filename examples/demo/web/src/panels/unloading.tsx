import { useRef } from "react";
import { ActionForm } from "../components/action-form.tsx";
import { Field } from "../components/field.tsx";
import { Panel } from "../components/panel.tsx";
import { Quay } from "../components/quay.tsx";
import { useAction } from "../hooks/use-action.ts";
import { useJob, type Job } from "../hooks/use-job.ts";
import { useProgress } from "../hooks/use-progress.ts";
import { stopUnloading } from "../office.ts";

const FRAME = { id: "unloading", title: "Unloading", flag: "U" } as const;
const IDLE = { status: "idle", error: undefined, retryCount: 0 } as const;

/** A task with progress: one order to the crane, which works on whether or not anybody watches. */
export function Unloading() {
  const { job, isOwn, order, forget, keepPosition } = useJob();
  // A button that is gone takes the focus with it, so what comes in its place has to take that over.
  const isDismissed = useRef(false);
  const dismiss = (): void => {
    isDismissed.current = true;
    forget();
  };
  if (job) {
    return <RunningJob key={job.order} {...{ job, isOwn }} onPosition={keepPosition} onDone={dismiss} />;
  }
  return (
    <Panel {...FRAME} connection={IDLE} onRetry={forget}>
      <Quay containers={24} moved={0} />
      <p className="lead">
        The crane is free. Order a ship to be unloaded, then close this window or reload it: the crane works
        on, and you find it where it is.
      </p>
      <ActionForm
        label="Order the crane"
        submit="Start unloading"
        done=""
        onSubmit={async (fields) =>
          order({
            vessel: String(fields.get("vessel")),
            containers: Number(fields.get("containers")),
            jam: fields.get("jam") === "on",
          })
        }
      >
        <Field
          label="Ship"
          name="vessel"
          wide
          required
          maxLength={40}
          defaultValue="Halcyon"
          autoFocus={isDismissed.current}
        />
        <Field
          label="Containers"
          name="containers"
          type="number"
          required
          min={1}
          max={60}
          defaultValue={12}
        />
        <label className="check">
          <input type="checkbox" name="jam" /> The crane jams halfway
        </label>
      </ActionForm>
    </Panel>
  );
}

function RunningJob({
  job,
  isOwn,
  onPosition,
  onDone,
}: {
  job: Job;
  isOwn: boolean;
  onPosition: (job: Job, position: string) => void;
  onDone: () => void;
}) {
  const { moved, run, result, isOver, connection, retry } = useProgress(job, onPosition);
  const stop = useAction();
  const percent = Math.round((moved / job.containers) * 100);
  return (
    <Panel {...FRAME} connection={connection} onRetry={retry}>
      <Quay containers={job.containers} moved={moved} />
      <div className="job">
        <p id="job-label">
          <strong>{job.vessel}</strong>
          <span>
            {moved} of {job.containers} containers ashore
          </span>
        </p>
        <progress aria-labelledby="job-label" value={moved} max={job.containers}>
          {percent} %
        </progress>
        <p className="percent" aria-hidden="true">
          {percent} %
        </p>
      </div>
      {result && (
        <p className="result" data-tone={result.tone}>
          {result.text}
        </p>
      )}
      <div className="job-actions">
        {isOver ? (
          <button type="button" onClick={onDone}>
            Unload another ship
          </button>
        ) : (
          <button
            type="button"
            className="quiet"
            autoFocus={isOwn}
            aria-disabled={run === undefined || stop.isBusy}
            onClick={() => run !== undefined && void stop.run(() => stopUnloading(run), "Stopping…")}
          >
            Stop the crane
          </button>
        )}
        <p className="outcome" role="status" data-tone={stop.isBad ? "bad" : "good"}>
          {isOver ? "" : stop.outcome}
        </p>
      </div>
    </Panel>
  );
}
