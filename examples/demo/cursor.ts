/**
 * Reads the row id out of a last event ID. The header comes from the client, so anything may stand in it:
 * what is no id of ours gives `undefined`, and the stream begins as for a newcomer.
 */
export function toRowId(lastEventId: string | undefined): number | undefined {
  return lastEventId !== undefined && /^\d{1,9}$/.test(lastEventId) ? Number(lastEventId) : undefined;
}
