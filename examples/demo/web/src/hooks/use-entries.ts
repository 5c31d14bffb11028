import { useStreamReducer } from "pinestream/react";
import type { LogEntryStreamEntriesEvents } from "../../generated/api.ts";
import { office } from "../office.ts";
import { announce } from "../state/announcements.ts";
import type { ConnectionState } from "../state/connections.ts";
import { useAnnounceNewest } from "./use-announce-newest.ts";
import { useRetry } from "./use-retry.ts";

/** One entry of the logbook. */
export type Entry = LogEntryStreamEntriesEvents["entry"];

const KEPT = 100;

/** The logbook's entries, newest first, from where `start` stopped. */
export function useEntries(start: { entries: Entry[]; position: string }): {
  entries: Entry[];
  connection: ConnectionState;
  retry: () => void;
} {
  const { enabled, retry } = useRetry();
  const { state, status, error, retryCount } = useStreamReducer(
    office.logEntry.streamEntries,
    {},
    (entries: Entry[], { event, data }) => {
      if (event === "entry") return [data, ...entries].slice(0, KEPT);
      return event === "beginning" ? [] : entries;
    },
    start.entries.toReversed(),
    { enabled, lastEventId: start.position },
  );
  useAnnounceNewest(state[0], ({ vessel, kind, remark }) =>
    announce(`Logbook, ${kind}, ${vessel}: ${remark}`),
  );
  return { entries: state, connection: { status, error, retryCount }, retry };
}
