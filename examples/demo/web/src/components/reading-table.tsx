import { useState } from "react";
import type { Reading } from "../state/readings.ts";

const ROWS = 10;
const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** What the chart shows, as a table; rendered only while it is open. */
export function ReadingTable({ readings }: { readings: readonly Reading[] }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className="readings" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The chart as a table</summary>
      {isOpen && (
        <table>
          <caption className="visually-hidden">The latest {ROWS} readings</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              <th scope="col">Processor, %</th>
              <th scope="col">Memory, MiB</th>
            </tr>
          </thead>
          <tbody>
            {readings
              .slice(-ROWS)
              .toReversed()
              .map(({ at, cpu, memory }) => (
                <tr key={at.getTime()}>
                  <th scope="row">{TIME.format(at)}</th>
                  <td>{cpu.toFixed(1)}</td>
                  <td>{memory.toFixed(0)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
