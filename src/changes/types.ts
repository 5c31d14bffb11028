/**
 * A row that has come, changed or gone, or `{ gap: true }`: changes may have been missed here, so read again what
 * you need. `if (change.gap)` tells them apart.
 */
export type Change<Row> = RowChange<Row> | Gap;

/** A row that has come, changed or gone. */
export interface RowChange<Row> {
  type: "insert" | "update" | "delete";
  /** The row as the change left it; of a delete the row as it last was. */
  row: Row;
  gap?: undefined;
}

/** Changes may have been missed. */
export interface Gap {
  gap: true;
  type?: undefined;
  row?: undefined;
}

/** What `changes` gives: an async iterable that can be read once. */
export interface Changes<Row> extends AsyncIterableIterator<Change<Row>, undefined, undefined> {
  /**
   * Resolves when the database tells of changes: everything committed from then on comes. What is read after it
   * has no hole between itself and the changes; a change made meanwhile is in both. Resolves as well when it is
   * over by then. The first `next` does the same by itself.
   *
   * @throws QueryError, ChangesError, DatabaseError, or the driver's error.
   */
  ready(): Promise<void>;
  next(): Promise<IteratorResult<Change<Row>, undefined>>;
  /** Ends it: `next` gives no more. May be called at any time and repeatedly. */
  return(): Promise<IteratorResult<Change<Row>, undefined>>;
}
