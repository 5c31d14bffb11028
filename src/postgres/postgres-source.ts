import type * as PgModule from "pg";
import type { PoolClient, QueryArrayResult } from "pg";

import { settleWithin } from "../async/settle-within.ts";
import { DatabaseError } from "../errors/model-errors.ts";
import type { Hearing, ListeningSession, RawResult, RawSession, SessionSource } from "../session/sessions.ts";
import { PostgresListener } from "./postgres-listener.ts";

/** How a server's connections are pooled; what is not set here has the defaults of `pg`'s Pool. */
export interface PoolOptions {
  /** Most connections at a time. Default 10. */
  max?: number;
  /** Connections kept open while nobody needs them. Default 0. */
  min?: number;
  /** Time after which a connection that nobody needs is closed, in ms. Default 10 000. */
  idleTimeoutMillis?: number;
  /** Longest wait for a connection, a free one or a new one, in ms. Default 30 000; 0 waits for ever. */
  connectionTimeoutMillis?: number;
  /** TLS, as Node's `tls.connect` takes it; `true` for the defaults. The URL's `sslmode` does as well. */
  ssl?: boolean | object;
}

/** How long a closing pool waits for the queries and transactions that are running, in ms. */
const CLOSE_TIMEOUT_MS = 5_000;
const CONNECTION_TIMEOUT_MS = 30_000;

/** What each connection is set to, so that values are written and read alike wherever the server stands. */
const SESSION_SETTINGS =
  "select set_config('TimeZone', 'UTC', false), set_config('DateStyle', 'ISO, MDY', false), " +
  "set_config('bytea_output', 'hex', false)";

const asText = { getTypeParser: () => (text: string) => text };

/** Sessions of a PostgreSQL server, pooled by `pg`, which is loaded at the first of them. */
export class PostgresSource implements SessionSource {
  readonly description: string;
  readonly #url: string;
  readonly #options: PoolOptions;
  readonly #held = new Set<PostgresSession>();
  readonly #listeners = new Set<PostgresListener>();
  readonly #prepared = new WeakSet<PoolClient>();
  #pool: Promise<PgModule.Pool> | undefined;
  #closing: Promise<void> | undefined;

  /** @throws DatabaseError when `url` is no address of a PostgreSQL server. */
  constructor(url: string, options: PoolOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.description = describeURL(url);
  }

  async connect(): Promise<RawSession> {
    this.#assertOpen();
    this.#pool ??= this.#createPool();
    const pool = await this.#pool;
    this.#assertOpen();
    const client = await pool.connect();
    const session = new PostgresSession(client, () => this.#held.delete(session));
    this.#held.add(session);
    try {
      this.#assertOpen();
      if (!this.#prepared.has(client)) {
        await session.query(SESSION_SETTINGS, []);
        this.#prepared.add(client);
      }
    } catch (error) {
      session.release(true);
      throw error;
    }
    return session;
  }

  /** Listens on a connection of its own beside the pool. */
  async openListener(hearing: Hearing): Promise<ListeningSession> {
    this.#assertOpen();
    const { Client } = await this.#load();
    this.#assertOpen();
    const { ssl, connectionTimeoutMillis = CONNECTION_TIMEOUT_MS } = this.#options;
    const client = new Client({
      connectionString: this.#url,
      ...(ssl === undefined ? {} : { ssl }),
      connectionTimeoutMillis,
      keepAlive: true,
      // Shown in pg_stat_activity, unless the URL names another.
      fallback_application_name: "pinestream changes",
    });
    client.on("error", ignore);
    try {
      await client.connect();
      this.#assertOpen();
    } catch (error) {
      await client.end().catch(ignore);
      throw error;
    }
    const listener = new PostgresListener(client, {
      onNotification: (channel, payload) => hearing.onNotification(channel, payload),
      onLost: (error) => {
        this.#listeners.delete(listener);
        hearing.onLost(error);
      },
    });
    this.#listeners.add(listener);
    return {
      listen: (channel) => listener.listen(channel),
      unlisten: (channel) => listener.unlisten(channel),
      close: async () => {
        this.#listeners.delete(listener);
        await listener.close();
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#listeners].map((listener) => listener.close()));
    const pool = await this.#pool?.catch(() => undefined);
    if (!pool) return;
    const ended = pool.end();
    if (await settleWithin(ended, CLOSE_TIMEOUT_MS)) return;
    for (const session of this.#held) session.release(true);
    await ended;
  }

  #assertOpen(): void {
    if (!this.#closing) return;
    throw new DatabaseError(
      `${this.description} has been closed. Query before the server that it was given to is closed.`,
    );
  }

  async #load(): Promise<typeof PgModule> {
    try {
      return await import("pg");
    } catch (cause) {
      throw new DatabaseError(
        `${this.description} needs the package "pg", which could not be loaded. Run: npm install pg`,
        { cause },
      );
    }
  }

  async #createPool(): Promise<PgModule.Pool> {
    let Pool: typeof PgModule.Pool;
    try {
      ({ Pool } = await this.#load());
    } catch (error) {
      this.#pool = undefined;
      throw error;
    }
    const pool = new Pool({
      connectionTimeoutMillis: CONNECTION_TIMEOUT_MS,
      ...this.#options,
      connectionString: this.#url,
      allowExitOnIdle: true,
    });
    // A connection that is lost tells by events, which unheard would take the process down. The pool drops
    // it by itself; whoever holds it sees the query fail.
    pool.on("error", ignore);
    pool.on("connect", (client) => client.on("error", ignore));
    return pool;
  }
}

class PostgresSession implements RawSession {
  readonly processID: number | undefined;
  readonly #client: PoolClient;
  readonly #onRelease: () => void;
  #released = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: PoolClient, onRelease: () => void) {
    this.#client = client;
    this.#onRelease = onRelease;
    this.processID = (client as { processID?: number }).processID;
  }

  query(text: string, parameters: readonly (string | null)[]): Promise<RawResult> {
    // `pg` deprecates handing a client the next query before it is done with the last.
    const result = this.#last.then(() => this.#query(text, parameters));
    this.#last = result.catch(ignore);
    return result;
  }

  release(broken: boolean): void {
    if (this.#released) return;
    this.#released = true;
    this.#onRelease();
    this.#client.release(broken);
  }

  async #query(text: string, parameters: readonly (string | null)[]): Promise<RawResult> {
    const given = await this.#client.query<(string | null)[]>({
      text,
      values: [...parameters],
      rowMode: "array",
      types: asText,
    });
    const results = (Array.isArray(given) ? given : [given]) as QueryArrayResult<(string | null)[]>[];
    const last = results.at(-1);
    return {
      command: last?.command ?? "",
      rowCount: last?.rowCount ?? 0,
      fields: last?.fields ?? [],
      rows: last?.rows ?? [],
    };
  }
}

function describeURL(url: string): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // Told below, without the text: it may hold a password.
  }
  if (!parsed || !/^postgres(ql)?:$/.test(parsed.protocol)) {
    throw new DatabaseError(
      "The database's url (DATABASE_URL) is not the address of a PostgreSQL server. " +
        "Expected postgres://user:password@host:5432/database; leave it out to use the embedded database.",
    );
  }
  return `The PostgreSQL database ${parsed.host}${parsed.pathname}`;
}

function ignore(): void {}
