import { api, BaseModel, stream, z, type Context, type StreamEvent } from "pinestream";
import { toRowId } from "../cursor.ts";

const events = z.object({
  entry: z.object({
    id: z.number().int(),
    kind: z.enum(["arrival", "departure", "sighting"]),
    vessel: z.string(),
    remark: z.string(),
    writtenBy: z.string(),
    createdAt: z.date(),
  }),
});

type Kind = "arrival" | "departure" | "sighting";

interface LogEntryRow {
  id: number;
  kind: Kind;
  vessel: string;
  remark: string;
  written_by: string;
  created_at: Date;
}

/** The live feed: the harbour's logbook, read by everyone who has the page open. */
export class LogEntryModel extends BaseModel<LogEntryRow> {
  // No `params` here: pinestream reads names and types of the arguments from this very source.
  @stream({ type: "sse", events, description: "The logbook: its last ten entries, then each new one." })
  async *streamEntries(ctx: Context): AsyncGenerator<StreamEvent<typeof events>> {
    const sse = ctx.createSSE(events);
    let since = await this.#start(toRowId(ctx.lastEventId));

    while (true) {
      const fresh = await this.findMany({
        wq: [["created_at", ">", since]],
        order: [["created_at", "ASC"]],
        num: 50,
      });
      for (const row of fresh.data) {
        yield sse.event("entry", toEntry(row), { id: String(row.id) });
        // The row's own time, exact to the database's microsecond, so that no entry is skipped or repeated.
        since = row.created_at;
      }
      await sse.sleep(1000);
    }
  }

  @api({ httpMethod: "POST", description: "Writes an entry into the logbook." })
  async write(kind: Kind, vessel: string, remark: string, writtenBy = "the watch") {
    const row = await this.insert({ kind, vessel, remark, written_by: writtenBy });
    return row;
  }

  /** The time after which to read: of the entry seen last, else of the one before the last ten. */
  async #start(lastSeen: number | undefined): Promise<Date> {
    const seen = lastSeen === undefined ? undefined : await this.findById(lastSeen);
    if (seen) return seen.created_at;
    const latest = await this.findMany({ order: [["created_at", "DESC"]], num: 11 });
    return latest.data[10]?.created_at ?? new Date(0);
  }
}

function toEntry(row: LogEntryRow): z.infer<typeof events>["entry"] {
  return {
    id: row.id,
    kind: row.kind,
    vessel: row.vessel,
    remark: row.remark,
    writtenBy: row.written_by,
    createdAt: row.created_at,
  };
}
