import { useSyncExternalStore } from "react";
import { announcement } from "../state/announcements.ts";

/** The one live region by which a screen reader hears of what comes in. */
export function Announcer() {
  const text = useSyncExternalStore(announcement.subscribe, announcement.get);
  return (
    <p className="visually-hidden" role="status" aria-label="News">
      {text}
    </p>
  );
}
