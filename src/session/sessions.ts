import type { PostgresPool, PostgresPoolClient, PostgresQueryResult } from "kysely";

import { encodeParameter, parserOf } from "./values.ts";

/** What one statement gave, all values as PostgreSQL's own text. */
export interface RawResult {
  /** The command tag's first word, such as `SELECT`; empty for an empty statement. */
  command: string;
  /** Rows given or changed; 0 for commands that have none. */
  rowCount: number;
  fields: readonly { name: string; dataTypeID: number }[];
  rows: readonly (readonly (string | null)[])[];
}

/** One session of a database, held by one user at a time. */
export interface RawSession {
  readonly processID?: number | undefined;
  /**
   * Runs one statement. Calls may overlap and run in order. Without parameters the text may hold several
   * statements, and the last one's result is given.
   */
  query(text: string, parameters: readonly (string | null)[]): Promise<RawResult>;
  /** Gives the session back. `broken`: its state is unknown, don't hand it out again. */
  release(broken: boolean): void;
}

/** Where sessions come from; all that differs between one kind of database and another. */
export interface SessionSource {
  /** For messages; holds no password. */
  readonly description: string;
  /** Waits for a session. @throws DatabaseError when the source is closed or cannot start. */
  connect(): Promise<RawSession>;
  /** Opens a session that hears what `notify` sends. @throws like `connect`. */
  openListener(hearing: Hearing): Promise<ListeningSession>;
  /** Lets running work finish within a bound, then ends all sessions, listening ones at once. May be called repeatedly. */
  close(): Promise<void>;
}

/** Whom a listening session tells. */
export interface Hearing {
  onNotification(channel: string, payload: string): void;
  /** Called once when the session has come to an end that its `close` did not bring about. */
  onLost(error: Error): void;
}

/** A session that hears what `notify` sends. Keeps the process alive while it is open. */
export interface ListeningSession {
  /** Hears of everything that is committed after the promise has resolved. */
  listen(channel: string): Promise<void>;
  unlisten(channel: string): Promise<void>;
  /** Ends it at once; `onLost` is not called. May be called repeatedly. */
  close(): Promise<void>;
}

/** Makes of a source the pool that Kysely's PostgreSQL dialect asks for. */
export function toKyselyPool(source: SessionSource): PostgresPool {
  return {
    options: {},
    async connect() {
      return toKyselyClient(await source.connect());
    },
    end: () => source.close(),
  };
}

function toKyselyClient(session: RawSession): PostgresPoolClient {
  const query = async (text: string, parameters: readonly unknown[]) =>
    toKyselyResult(await session.query(text, parameters.map(encodeParameter)));
  return {
    ...(session.processID === undefined ? {} : { processID: session.processID }),
    // Kysely asks for cursors through the same method, but only of a dialect that was given some.
    query: query as PostgresPoolClient["query"],
    release: (broken) => session.release(broken === true),
  };
}

function toKyselyResult<Row>({ command, rowCount, fields, rows }: RawResult): PostgresQueryResult<Row> {
  const columns = fields.map(({ name, dataTypeID }) => ({ name, parse: parserOf(dataTypeID) }));
  return {
    command: command as PostgresQueryResult<Row>["command"],
    rowCount,
    rows: rows.map(
      (values) =>
        Object.fromEntries(
          columns.map(({ name, parse }, index) => {
            const text = values[index];
            return [name, text === null || text === undefined ? null : parse(text)];
          }),
        ) as Row,
    ),
  };
}
