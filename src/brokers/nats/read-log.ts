// Reads a log from its topic's stream, where it shares the sequence numbers with all other keys. Nothing says how many
// events of one key were removed, so whether some are missing is concluded:
//
// - The oldest go first. So while an event is there that is not after a position, none after it was removed.
// - They go when there are more than the stream keeps. While there are fewer, none was removed but for its age; and
//   for that only if there is nothing as old in the whole stream any more.
//
// In all other cases events are taken to be missing. That is exact but for one: a position older than the ttl, of a
// key in which nothing has happened since, while other keys of its topic went on.

import type { JetStreamConnection } from "./connection.ts";
import type { LogAddress, LogEntry, LogPage } from "../../topic/broker.ts";
import { formatStored } from "./names.ts";
import type { InspectedStream, TopicStreams } from "./streams.ts";

const SECOND = 1_000_000_000;
/** Events that are fetched at once, and data in bytes after which no more are. */
const FETCH = 32;
const PAGE_BYTES = 1_048_576;

/** Reads up to `limit` events after a position. */
export async function readLog(
  connection: JetStreamConnection,
  streams: TopicStreams,
  log: LogAddress,
  after: number,
  limit: number,
): Promise<LogPage> {
  const before = await streams.inspect(connection, log);
  const { epoch, lastSeq: position, count } = before;
  if (after >= position) return { epoch, position, entries: [], reachesBack: after === position };
  if (count === 0) return { epoch, position, entries: [], reachesBack: before.firstSeq <= after + 1 };
  const entries = await fetchEntries(connection, before, { log, after, limit });
  // What was removed while it was fetched counts as well, so this comes after.
  const [now, oldest] = await Promise.all([
    streams.inspect(connection, log),
    findOldest(connection, before, log),
  ]);
  // All the rest will be read by the new one.
  if (now.epoch !== epoch)
    return { epoch: now.epoch, position: now.lastSeq, entries: [], reachesBack: false };
  const hasOlder = oldest !== undefined && oldest <= after;
  const isWhole = now.count < now.limits.most && after >= now.limitSince && now.firstSeq <= after + 1;
  // It may be there for the sake of its position, or of another key.
  if (log.history === 0) return { epoch, position, entries: [], reachesBack: entries.length === 0 };
  if (hasOlder || isWhole) return { epoch, position, entries, reachesBack: true };
  // One more than the history is kept, for positions only.
  const isFull = now.count >= now.limits.most;
  const kept = isFull ? entries.filter(({ position: each }) => each !== oldest) : entries;
  return { epoch, position, entries: kept, reachesBack: false };
}

async function findOldest(
  { manager }: JetStreamConnection,
  { names, generation }: InspectedStream,
  log: LogAddress,
): Promise<number | undefined> {
  const subject = formatStored(names, generation, log);
  // The server takes both together; the client's types don't know.
  const request = { next_by_subj: subject, seq: 1 } as unknown as { seq: number };
  const message = await manager.streams.getMessage(names.stream, request);
  return message?.seq;
}

async function fetchEntries(
  { manager, publisher }: JetStreamConnection,
  { names, generation }: InspectedStream,
  { log, after, limit }: { log: LogAddress; after: number; limit: number },
): Promise<LogEntry[]> {
  const info = await manager.consumers.add(names.stream, {
    deliver_policy: "by_start_sequence",
    opt_start_seq: after + 1,
    filter_subject: formatStored(names, generation, log),
    ack_policy: "none",
    mem_storage: true,
    inactive_threshold: 10 * SECOND,
  });
  const entries: LogEntry[] = [];
  let left = Math.min(limit, info.num_pending);
  let bytes = 0;
  try {
    const consumer = publisher.consumers.getConsumerFromInfo(info);
    while (left > 0 && bytes < PAGE_BYTES) {
      const size = Math.min(left, FETCH);
      left -= size;
      for await (const message of await consumer.fetch({ max_messages: size, expires: 1_000 })) {
        const entry = parseEntry(message.seq, message.string());
        entries.push(entry);
        bytes += entry.data.length;
        if (message.info.pending === 0) {
          left = 0;
          break;
        }
      }
    }
  } finally {
    manager.consumers.delete(names.stream, info.name).catch(() => undefined);
  }
  return entries;
}

/** Reads an event as it is stored. */
export function parseEntry(position: number, text: string): LogEntry {
  const end = text.indexOf("\n");
  return { position, event: text.slice(0, end), data: text.slice(end + 1) };
}

/** Writes an event as it is stored. */
export function formatEntry({ event, data }: Pick<LogEntry, "event" | "data">): string {
  return `${event}\n${data}`;
}
