/** A row whose place in its table is known by its id. */
export interface Row {
  id: number;
  created_at: Date;
}

/**
 * Writes a row as an event's id. The time is in it because ids alone begin again with every new database: row 7
 * of the one before a restart is not row 7 of the one after it.
 */
export function formatPosition({ id, created_at }: Row): string {
  return `${id}-${created_at.getTime()}`;
}

/** The position before the first row. */
export const START = "0-0";

/**
 * Reads a last event ID. That comes from the client, so anything may stand in it: what can be no row of ours
 * gives `undefined`, and the stream begins as for a newcomer.
 */
export function parsePosition(lastEventId: string | undefined): { id: number; time: number } | undefined {
  const [, id, time] = /^(\d{1,9})-(\d{1,15})$/.exec(lastEventId ?? "") ?? [];
  return id === undefined ? undefined : { id: Number(id), time: Number(time) };
}
