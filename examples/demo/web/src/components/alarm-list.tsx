import type { Alarm } from "../state/readings.ts";
import { ClockTime } from "./clock-time.tsx";

/** The latest changes of the station's level, newest first. */
export function AlarmList({ alarms }: { alarms: readonly Alarm[] }) {
  return (
    <div className="alarms">
      <h3>Alarms</h3>
      {alarms.length === 0 && (
        <p className="empty">All calm. An alarm is told here when the processor is busy.</p>
      )}
      <ul>
        {alarms.map(({ at, level, message }) => (
          <li key={at.getTime()} data-level={level}>
            <ClockTime at={at} /> {message}
          </li>
        ))}
      </ul>
    </div>
  );
}
