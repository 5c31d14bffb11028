import { formatKeepAliveComment, formatRetry } from "../wire/event-stream.ts";
import type { ConnectionSettings } from "./settings.ts";

const openings = new WeakMap<ConnectionSettings, string>();

/** What opens all streams of an endpoint. */
export function openingOf(settings: ConnectionSettings): string {
  let opening = openings.get(settings);
  if (opening === undefined) {
    const { keepAliveMs, retryMs } = settings;
    opening = formatKeepAliveComment(keepAliveMs) + (retryMs === undefined ? "" : formatRetry(retryMs));
    openings.set(settings, opening);
  }
  return opening;
}
