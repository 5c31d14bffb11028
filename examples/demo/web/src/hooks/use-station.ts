import { useStreamReducer } from "pinestream/react";
import { office } from "../office.ts";
import { announce } from "../state/announcements.ts";
import type { ConnectionState } from "../state/connections.ts";
import { joinReadings, takeReading, UNREAD, type StationState } from "../state/readings.ts";
import { useLoaded } from "./use-loaded.ts";
import { useRetry } from "./use-retry.ts";

/** How the office's computer has been doing for the last minute, and how it is. */
export function useStation(): StationState & { connection: ConnectionState; retry: () => void } {
  const { enabled, retry } = useRetry();
  const { state, status, error, retryCount } = useStreamReducer(
    office.station.streamReadings,
    {},
    (known: StationState, received) => {
      if (received.event === "alarm") announce(received.data.message);
      return takeReading(known, received);
    },
    UNREAD,
    { enabled, ownConnection: true },
  );
  // Where another window has opened the stream before, it goes on here without a beginning.
  const before = useLoaded("readings", (signal) => office.station.recent({}, { signal }));
  return {
    ...(before.value ? joinReadings(before.value, state) : state),
    connection: { status, error, retryCount },
    retry,
  };
}
