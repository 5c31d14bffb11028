import { sql, type Kysely } from "kysely";

/** Tables whose rows go out with their ids as positions. */
const TABLES = ["notices", "log_entries"];

/**
 * Lets one writer at a time into a table, from before it draws an id until it commits. So ids become visible in
 * their order, and "all rows after this id" is a question without a hole, however many write at once.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create function write_in_turn() returns trigger language plpgsql as $$
    begin
      perform pg_advisory_xact_lock(tg_relid::bigint);
      return null;
    end $$
  `.execute(db);
  for (const table of TABLES) {
    // A trigger for the statement runs before its rows, and thus their ids, are made.
    await sql`
      create trigger write_in_turn before insert on ${sql.table(table)}
      for each statement execute function write_in_turn()
    `.execute(db);
  }
}

export async function down(db: Kysely<unknown>): Promise<void> {
  await sql`drop function write_in_turn cascade`.execute(db);
}
