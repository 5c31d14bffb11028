// The trigger that makes PostgreSQL tell of a table's changes.
//
// It sends each row as PostgreSQL writes a row of the table's type as text, which that type reads back exactly,
// whatever columns it has. A payload of `notify` ends before 8,000 bytes, so what is longer goes in parts.
// Within one transaction PostgreSQL drops a payload that it has already, so each begins with a number.

import { sql } from "kysely";

import type { AnyKysely } from "../database/any-kysely.ts";
import { quoteTable } from "../database/catalog.ts";

/** Raised with each change of the function, so that one of an older version is replaced. */
const FUNCTION = "pinestream_tell_change_1";

/**
 * Triggers fire in the order of their names. Ours is to be among the first: one before it that changes rows
 * itself would have those told before the change that it answers to.
 */
const ROW_TRIGGER = "00_pinestream_changes";
const TRUNCATE_TRIGGER = "00_pinestream_truncate";

/** Processes that make triggers do so one after the other. */
const LOCK_NUMBER = 7_463_920_115;

/** Bytes of a part; a third more in base64, with line breaks and number still below 8,000. */
const PART_BYTES = 5_800;
/** What is longer is told as a gap. */
const MAX_BYTES = 16 * 1_024 * 1_024;

/** A table as the database knows it. */
export interface TrackedTable {
  /** What its trigger sends to; the same for a partitioned table and all its partitions. */
  channel: string;
  /** With its schema, quoted. */
  name: string;
  /** Schema, quoted. */
  schema: string;
  /** Whether the trigger was there when it was looked for. */
  tracked: boolean;
  /** Why it can have none; `undefined` when it can. */
  obstacle: string | undefined;
}

/** Looks a table up. `undefined` when there is none of that name. */
export async function findTable(kysely: AnyKysely, table: string): Promise<TrackedTable | undefined> {
  const { rows } = await sql<Omit<TrackedTable, "obstacle"> & { kind: string; partition: boolean }>`
    select 'pinestream_' || c.oid as channel,
      quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name,
      quote_ident(n.nspname) as schema,
      c.relkind::text as kind,
      c.relispartition as partition,
      2 = (
        select count(*) from pg_catalog.pg_trigger t join pg_catalog.pg_proc p on p.oid = t.tgfoid
        where t.tgrelid = c.oid and t.tgname in (${ROW_TRIGGER}, ${TRUNCATE_TRIGGER})
          and p.proname = ${FUNCTION} and t.tgenabled in ('O', 'A')
      ) as tracked
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.oid = to_regclass(${quoteTable(table)})`.execute(kysely);
  const [found] = rows;
  if (!found) return undefined;
  const { kind, partition, ...rest } = found;
  const obstacle = partition
    ? "is a partition. Use the table that it is a part of"
    : ["r", "p", "f"].includes(kind)
      ? undefined
      : "is no table but a view or the like, which has no triggers. Use the table behind it";
  return { ...rest, obstacle };
}

/** Waits until no other process makes or drops a trigger; the turn lasts as long as the transaction. */
export async function takeTurn(kysely: AnyKysely): Promise<void> {
  await sql`select pg_advisory_xact_lock(${LOCK_NUMBER})`.execute(kysely);
}

/**
 * Makes the trigger where it is missing, within the transaction that it is given. Gives the table that has it, with
 * `tracked` as it was before; `undefined` when there is none of that name.
 */
export async function createTrigger(kysely: AnyKysely, table: string): Promise<TrackedTable | undefined> {
  await takeTurn(kysely);
  const found = await findTable(kysely, table);
  if (!found || found.tracked) return found;
  const call = sql.raw(`${found.schema}.${FUNCTION}`);
  const target = sql.raw(found.name);
  if (!(await hasFunction(kysely, found))) await createFunction(kysely, found);
  for (const name of [ROW_TRIGGER, TRUNCATE_TRIGGER]) {
    await sql`drop trigger if exists ${sql.id(name)} on ${target}`.execute(kysely);
  }
  await sql`create trigger ${sql.id(ROW_TRIGGER)} after insert or update or delete on ${target}
    for each row execute function ${call}()`.execute(kysely);
  await sql`create trigger ${sql.id(TRUNCATE_TRIGGER)} after truncate on ${target}
    for each statement execute function ${call}()`.execute(kysely);
  // While it waited for the table's lock, another table may have taken the name. From here on none can.
  const made = await findTable(kysely, table);
  return made && { ...made, tracked: false };
}

/** Drops the trigger, and its function after the last table of the schema that used it. */
export async function dropTrigger(kysely: AnyKysely, table: string): Promise<void> {
  await takeTurn(kysely);
  const found = await findTable(kysely, table);
  if (!found) return;
  for (const name of [ROW_TRIGGER, TRUNCATE_TRIGGER]) {
    await sql`drop trigger if exists ${sql.id(name)} on ${sql.raw(found.name)}`.execute(kysely);
  }
  const { rows } = await sql`select 1 from pg_catalog.pg_trigger t
    where t.tgfoid = to_regproc(${`${found.schema}.${FUNCTION}`})`.execute(kysely);
  if (rows.length === 0)
    await sql.raw(`drop function if exists ${found.schema}.${FUNCTION}()`).execute(kysely);
}

async function hasFunction(kysely: AnyKysely, { schema }: TrackedTable): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select to_regproc(${`${schema}.${FUNCTION}`}) is not null as found`.execute(kysely);
  return rows[0]?.found === true;
}

async function createFunction(kysely: AnyKysely, { schema }: TrackedTable): Promise<void> {
  await sql
    .raw(
      `create function ${schema}.${FUNCTION}() returns trigger language plpgsql
      -- So that a row is written alike whatever the session that changes it has set.
      set timezone = 'UTC' set datestyle = 'ISO, MDY' set intervalstyle = 'postgres'
      set bytea_output = 'hex' set extra_float_digits = 1
      as $pinestream$
      declare
        root constant regclass := coalesce(pg_partition_root(tg_relid), tg_relid);
        number constant bigint := coalesce(nullif(current_setting('pinestream.change', true), ''), '0')::bigint + 1;
        channel constant text := 'pinestream_' || root::oid;
        now_row text;
        old_row text;
        message text;
        bytes bytea;
        parts integer;
      begin
        perform set_config('pinestream.change', number::text, true);
        if tg_level = 'ROW' and root = tg_relid then
          now_row := new::text;
          old_row := old::text;
        elsif tg_level = 'ROW' then
          -- The columns of a partition may stand in another order.
          execute format('select json_populate_record(null::%1$s, row_to_json($1))::text,
            json_populate_record(null::%1$s, row_to_json($2))::text', root)
            into now_row, old_row using new, old;
        end if;
        if tg_op = 'INSERT' then
          message := json_build_array('insert', now_row);
        elsif tg_op = 'DELETE' then
          message := json_build_array('delete', old_row);
        elsif tg_op = 'TRUNCATE' then
          message := json_build_array('gap');
        elsif now_row = old_row then
          message := json_build_array('update', now_row);
        else
          message := json_build_array('update', now_row, old_row);
        end if;
        if octet_length(message) > ${MAX_BYTES} then
          message := json_build_array('gap');
        end if;
        if octet_length(message) < 7900 then
          perform pg_notify(channel, number || ' ' || message);
        else
          bytes := convert_to(message, 'UTF8');
          parts := (octet_length(bytes) + ${PART_BYTES} - 1) / ${PART_BYTES};
          for part in 1 .. parts loop
            perform pg_notify(channel, number || ' ' || part || '/' || parts || ' '
              || encode(substring(bytes from (part - 1) * ${PART_BYTES} + 1 for ${PART_BYTES}), 'base64'));
          end loop;
        end if;
        return null;
      end
      $pinestream$`,
    )
    .execute(kysely);
}
