import type { LogAddress } from "../../topic/broker.ts";

/** What a log is kept under. */
export interface LogKeys {
  readonly meta: string;
  readonly entries: string;
  readonly sent: string;
  readonly channel: string;
}

/** Longest time that a key is kept, in ms: ten years. */
const MAX_TTL_MS = 315_360_000_000;

/** Names a log's keys, with one hash tag for all, so that they are in one slot of a cluster. */
export function formatKeys(prefix: string, { topic, key }: LogAddress): LogKeys {
  // Braces would end the hash tag early, and a slash could stand for the border.
  const address =
    key === undefined ? encodeURIComponent(topic) : `${encodeURIComponent(topic)}/${encodeURIComponent(key)}`;
  const start = `${prefix}:{${address}}`;
  return { meta: start, entries: `${start}:entries`, sent: `${start}:sent`, channel: `${start}:live` };
}

/** How long a log is kept after its last use, as an argument, in whole ms. */
export function ttlOf({ ttlMs }: LogAddress): string {
  return String(Math.min(MAX_TTL_MS, Math.max(1, Math.ceil(ttlMs))));
}
