import { Kysely, PostgresDialect } from "kysely";

import type { AnyKysely } from "./any-kysely.ts";
import { Catalog } from "./catalog.ts";
import { EmbeddedSource } from "../embedded/embedded-source.ts";
import { runMigrations } from "./migrations.ts";
import { PostgresSource, type PoolOptions } from "../postgres/postgres-source.ts";
import {
  toKyselyPool,
  type Hearing,
  type ListeningSession,
  type SessionSource,
} from "../session/sessions.ts";

/** Which database to use, and how. */
export interface DatabaseOptions {
  /**
   * Address of a PostgreSQL server, `postgres://user:password@host:5432/database`. Default: the environment's
   * `DATABASE_URL`. Without either, or with an empty string, PGlite runs inside the process.
   */
  url?: string;
  /** Folder of the embedded database, made if it is not there. Default: kept in memory until the process ends. */
  dataDir?: string;
  /** Folder of Kysely migrations, which run when the server starts, at the latest before the first query. */
  migrations?: string;
  /** The connections to a server; of no use to the embedded database. */
  pool?: PoolOptions;
}

/** An open database, started at its first query. Made by `openDatabase`. */
export class Database {
  /** Kysely over this database; outside of `transaction` scopes, each query takes a connection of its own. */
  readonly kysely: AnyKysely;
  /** Columns of the tables, read once. */
  readonly catalog: Catalog = new Catalog();
  /** Whether it runs inside the process, so that it starts in seconds, not at once, and at first use. */
  readonly embedded: boolean;
  readonly #source: SessionSource;
  /** Past the gate of `kysely`, which waits for the migrations. */
  readonly #ungated: AnyKysely;
  readonly #migrations: string | undefined;
  #migrating: Promise<string[]> | undefined;
  #migrated = false;
  readonly #closing = new AbortController();

  constructor(source: SessionSource, migrations?: string) {
    this.#source = source;
    this.#migrations = migrations;
    this.embedded = source instanceof EmbeddedSource;
    const gated: SessionSource = {
      description: source.description,
      connect: async () => {
        if (!this.#migrated && migrations !== undefined && !this.closed) await this.migrate();
        return await source.connect();
      },
      openListener: (hearing) => source.openListener(hearing),
      close: () => source.close(),
    };
    this.kysely = toKysely(gated);
    this.#ungated = toKysely(source);
  }

  /** Whether `close` has been called. */
  get closed(): boolean {
    return this.closing.aborted;
  }

  /** Aborts when `close` is called. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  /** What it is, for messages and logs; without user and password. */
  get description(): string {
    return this.#source.description;
  }

  /**
   * Runs those migrations of the folder that have not run yet, in the order of their names, and gives the
   * names of those; none without a folder. The first query does it too, and waits for it. Processes that do
   * so at the same time wait for each other, calls in one process share one run.
   *
   * @throws DatabaseError that names the file which failed.
   */
  migrate(): Promise<string[]> {
    this.#migrating ??= this.#migrate().finally(() => {
      this.#migrating = undefined;
    });
    return this.#migrating;
  }

  /** Opens a session that hears what `notify` sends. @throws DatabaseError, or the driver's error. */
  openListener(hearing: Hearing): Promise<ListeningSession> {
    return this.#source.openListener(hearing);
  }

  /**
   * Lets running queries finish, for 5 s at most, and closes; one that is still starting is stopped at once.
   * Queries from then on throw `DatabaseError`. May be called repeatedly.
   */
  close(): Promise<void> {
    this.#closing.abort();
    return this.#source.close();
  }

  async #migrate(): Promise<string[]> {
    if (this.#migrations === undefined) return [];
    const names = await runMigrations(this.#ungated, this.#migrations);
    this.#migrated = true;
    if (names.length > 0) this.catalog.clear();
    return names;
  }
}

function toKysely(source: SessionSource): AnyKysely {
  return new Kysely({ dialect: new PostgresDialect({ pool: toKyselyPool(source) }) });
}

/**
 * Opens a database; nothing is started or connected before its first query.
 *
 * @throws DatabaseError when the url is no address of a PostgreSQL server.
 */
export function openDatabase(options: DatabaseOptions = {}): Database {
  const url = options.url ?? process.env["DATABASE_URL"] ?? "";
  const source = url
    ? new PostgresSource(url, options.pool)
    : new EmbeddedSource({ dataDir: options.dataDir });
  return new Database(source, options.migrations);
}
