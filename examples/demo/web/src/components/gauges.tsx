import type { Reading } from "../state/readings.ts";

const GAUGES: { name: keyof Omit<Reading, "at" | "drills">; label: string; unit: string; digits: number }[] =
  [
    { name: "cpu", label: "Processor", unit: "% of a core", digits: 0 },
    { name: "load", label: "Load", unit: "per core", digits: 2 },
    { name: "memory", label: "Memory", unit: "MiB", digits: 0 },
    { name: "disk", label: "Disk", unit: "% in use", digits: 0 },
  ];

/** The latest reading in figures. */
export function Gauges({ reading }: { reading: Reading | undefined }) {
  return (
    <dl className="gauges">
      {GAUGES.map(({ name, label, unit, digits }) => (
        <div key={name}>
          <dt>{label}</dt>
          <dd data-reading={name}>
            <span className="figure">{reading ? reading[name].toFixed(digits) : "–"}</span> {unit}
          </dd>
        </div>
      ))}
    </dl>
  );
}
