import { lazy, Suspense } from "react";
import { ActionForm } from "../components/action-form.tsx";
import { AlarmList } from "../components/alarm-list.tsx";
import { Empty } from "../components/empty.tsx";
import { Field } from "../components/field.tsx";
import { Gauges } from "../components/gauges.tsx";
import { Panel } from "../components/panel.tsx";
import { ReadingTable } from "../components/reading-table.tsx";
import { useStation } from "../hooks/use-station.ts";
import { office } from "../office.ts";

// The chart is half of the page's code, and nothing else waits for it.
const LoadChart = lazy(() => import("../components/load-chart.tsx"));

/** The monitor: how the office's own computer is doing. */
export function Station() {
  const { readings, alarms, connection, retry } = useStation();
  const latest = readings.at(-1);
  return (
    <Panel id="station" title="Station" flag="S" connection={connection} onRetry={retry}>
      <Gauges reading={latest} />
      <div className="chart-frame">
        <Suspense fallback={<Empty>Unrolling the chart…</Empty>}>
          <LoadChart readings={readings} />
        </Suspense>
      </div>
      <ReadingTable readings={readings} />
      <div className="station-foot">
        <AlarmList alarms={alarms} />
        <ActionForm
          label="Start a load drill"
          submit="Keep a core busy"
          done="The drill is on."
          onSubmit={(fields) => office.station.drill({ seconds: Number(fields.get("seconds")) })}
        >
          <Field label="Seconds" name="seconds" type="number" required min={1} max={20} defaultValue={6} />
        </ActionForm>
      </div>
    </Panel>
  );
}
