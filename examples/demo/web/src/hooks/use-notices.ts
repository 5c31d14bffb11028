import { useStreamReducer } from "pinestream/react";
import type { NoticeStreamNoticesEvents } from "../../generated/api.ts";
import { office } from "../office.ts";
import { announce } from "../state/announcements.ts";
import type { ConnectionState } from "../state/connections.ts";
import { useAnnounceNewest } from "./use-announce-newest.ts";
import { useRetry } from "./use-retry.ts";

/** One notice. */
export type Notice = NoticeStreamNoticesEvents["notice"];

const KEPT = 60;

/** The notices for a berth, newest first, from where `start` stopped. */
export function useNotices(
  berth: number,
  start: { notices: Notice[]; position: string },
): { notices: Notice[]; connection: ConnectionState; retry: () => void } {
  const { enabled, retry } = useRetry();
  const { state, status, error, retryCount } = useStreamReducer(
    office.notice.streamNotices,
    { berth },
    (notices: Notice[], { event, data }) => {
      if (event === "notice") return [data, ...notices].slice(0, KEPT);
      // The server knows nothing of what we have: it is another one, or has begun with a new database.
      return event === "beginning" ? [] : notices;
    },
    start.notices.toReversed(),
    { enabled, lastEventId: start.position },
  );
  useAnnounceNewest(state[0], ({ kind, text }) => announce(`Notice, ${kind}: ${text}`));
  return { notices: state, connection: { status, error, retryCount }, retry };
}
