import { sql, type Kysely } from "kysely";

export async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable("notices")
    .addColumn("id", "integer", (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn("berth", "integer", (column) => column.notNull())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("created_at", "timestamptz", (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();
  await db.schema.createIndex("notices_by_berth").on("notices").columns(["berth", "id"]).execute();

  await db.schema
    .createTable("unloadings")
    .addColumn("id", "integer", (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn("vessel", "text", (column) => column.notNull())
    .addColumn("containers", "integer", (column) => column.notNull())
    .addColumn("moved", "integer", (column) => column.notNull().defaultTo(0))
    .addColumn("state", "text", (column) => column.notNull().defaultTo("running"))
    .addColumn("moved_at", "timestamptz", (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();

  await db.schema
    .createTable("log_entries")
    .addColumn("id", "integer", (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn("kind", "text", (column) => column.notNull())
    .addColumn("vessel", "text", (column) => column.notNull())
    .addColumn("remark", "text", (column) => column.notNull())
    .addColumn("written_by", "text", (column) => column.notNull())
    .addColumn("created_at", "timestamptz", (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();
  await db.schema.createIndex("log_entries_by_time").on("log_entries").column("created_at").execute();

  await db.schema
    .createTable("transmissions")
    .addColumn("id", "integer", (column) => column.primaryKey().generatedAlwaysAsIdentity())
    .addColumn("channel", "integer", (column) => column.notNull())
    .addColumn("call_sign", "text", (column) => column.notNull())
    .addColumn("text", "text", (column) => column.notNull())
    .addColumn("sent_at", "timestamptz", (column) => column.notNull().defaultTo(sql`clock_timestamp()`))
    .execute();
  await db.schema
    .createIndex("transmissions_by_channel")
    .on("transmissions")
    .columns(["channel", "id"])
    .execute();
}

export async function down(db: Kysely<unknown>): Promise<void> {
  for (const table of ["transmissions", "log_entries", "unloadings", "notices"]) {
    await db.schema.dropTable(table).execute();
  }
}
