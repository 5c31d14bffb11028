import type { ReceivedEvent } from "pinestream/client";
import type { StationRecentResult, StationStreamReadingsEvents } from "../../generated/api.ts";

/** What was measured at one time. */
export type Reading = StationStreamReadingsEvents["reading"];
/** Told when the level changes. */
export type Alarm = StationStreamReadingsEvents["alarm"];

/** What is known of the station. */
export interface StationState {
  /** The latest minute, oldest first. */
  readings: readonly Reading[];
  /** Newest first. */
  alarms: readonly Alarm[];
}

/** Nothing known yet. */
export const UNREAD: StationState = { readings: [], alarms: [] };

const KEPT_READINGS = 40;
const KEPT_ALARMS = 4;

/** What is known of the station after an event. */
export function takeReading(
  known: StationState,
  { event, data }: ReceivedEvent<StationStreamReadingsEvents>,
): StationState {
  switch (event) {
    case "history":
      return { ...known, readings: data.readings };
    case "reading":
      return { ...known, readings: [...known.readings, data].slice(-KEPT_READINGS) };
    case "alarm":
      return { ...known, alarms: [data, ...known.alarms].slice(0, KEPT_ALARMS) };
    default:
      return known;
  }
}

/** Puts readings of before to those that came since; some may be in both. */
export function joinReadings(before: StationRecentResult, known: StationState): StationState {
  const times = new Set(known.readings.map(({ at }) => at.getTime()));
  const first = known.readings[0]?.at.getTime() ?? Infinity;
  const earlier = before.readings.filter(({ at }) => !times.has(at.getTime()) && at.getTime() < first);
  return { ...known, readings: [...earlier, ...known.readings].slice(-KEPT_READINGS) };
}
