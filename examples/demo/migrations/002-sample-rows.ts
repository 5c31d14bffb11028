import type { Kysely } from "kysely";

interface Tables {
  notices: { berth: number; kind: string; text: string; created_at: Date };
  log_entries: { kind: string; vessel: string; remark: string; written_by: string; created_at: Date };
  transmissions: { channel: number; call_sign: string; text: string; sent_at: Date };
  unloadings: { vessel: string; containers: number; moved: number; state: string };
}

export async function up(db: Kysely<Tables>): Promise<void> {
  await db
    .insertInto("notices")
    .values([
      {
        berth: 4,
        kind: "weather",
        text: "Gale warning from 18:00: double your lines.",
        created_at: ago(190),
      },
      {
        berth: 4,
        kind: "parcel",
        text: "A parcel from the sailmaker waits at the office.",
        created_at: ago(75),
      },
      { berth: 7, kind: "fee", text: "The mooring fee for October is paid. Thank you.", created_at: ago(60) },
      { berth: 4, kind: "work", text: "Shore power on your pontoon is off until noon.", created_at: ago(20) },
    ])
    .execute();

  await db
    .insertInto("log_entries")
    .values([
      entry("arrival", "Tern", "In from Vlieland with 40 boxes of sole.", "Ida", 150),
      entry("sighting", "unknown", "Grey ketch at anchor off the mole, no lights.", "Bram", 96),
      entry("departure", "Halcyon", "Out on the morning tide for the wind farm.", "Ida", 35),
    ])
    .execute();

  await db
    .insertInto("transmissions")
    .values([
      {
        channel: 12,
        call_sign: "Tern",
        text: "Harbour, Tern. Ten minutes out, which berth?",
        sent_at: ago(160),
      },
      {
        channel: 12,
        call_sign: "Harbour",
        text: "Tern, Harbour. Berth four, port side to.",
        sent_at: ago(159),
      },
    ])
    .execute();

  await db
    .insertInto("unloadings")
    .values({ vessel: "Tern", containers: 8, moved: 8, state: "finished" })
    .execute();
}

export async function down(db: Kysely<Tables>): Promise<void> {
  for (const table of ["transmissions", "log_entries", "unloadings", "notices"] as const) {
    await db.deleteFrom(table).execute();
  }
}

function entry(kind: string, vessel: string, remark: string, written_by: string, minutes: number) {
  return { kind, vessel, remark, written_by, created_at: ago(minutes) };
}

function ago(minutes: number): Date {
  return new Date(Date.now() - minutes * 60_000);
}
