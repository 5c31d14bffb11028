import { sql, type Kysely } from "kysely";

/**
 * Counts who listens for changes in a database: on PostgreSQL the connections that do nothing else, on PGlite
 * the channels of its one session.
 */
export async function listeners(db: Kysely<any>): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select case when version() like '%PGlite%' or version() like '%wasm%'
      then (select count(*) from pg_listening_channels())
      else (select count(*) from pg_stat_activity
        where application_name = 'pinestream changes' and datname = current_database())
    end::int as count`.execute(db);
  return rows[0]?.count ?? 0;
}
