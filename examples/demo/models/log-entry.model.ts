import { api, BaseModel, stream, z, type Context, type StreamEvent } from "pinestream";
import { followRows } from "../follow-rows.ts";
import { formatPosition, parsePosition, START } from "../row-position.ts";

const events = z.object({
  beginning: z
    .object({ count: z.number().int() })
    .describe("What was known before is void: the latest entries follow, as many as this."),
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

const LATEST = 10;

/** The live feed: the harbour's logbook, read by everyone who has the page open. */
export class LogEntryModel extends BaseModel<LogEntryRow> {
  // No `params` here: pinestream reads names and types of the arguments from this very source.
  @stream({ type: "sse", events, description: "The logbook: its last ten entries, then each new one." })
  async *streamEntries(ctx: Context): AsyncGenerator<StreamEvent<typeof events>> {
    const sse = ctx.createSSE(events);
    const changes = this.changes();
    await changes.ready();
    const seen = await this.#find(ctx.lastEventId);
    const latest = seen === undefined ? await this.#latest() : [];

    if (seen === undefined) yield sse.event("beginning", { count: latest.length });
    const last = seen ?? (latest[0]?.id ?? 1) - 1;
    for await (const row of followRows(changes, last, (id) => this.#after(id))) {
      yield sse.event("entry", toEntry(row), { id: formatPosition(row) });
    }
  }

  @api({ description: "The last ten entries, and the position to go on from with the stream." })
  async latest() {
    const rows = await this.#latest();
    const last = rows.at(-1);
    return { entries: rows.map(toEntry), position: last ? formatPosition(last) : START };
  }

  @api({ httpMethod: "POST", description: "Writes an entry into the logbook." })
  async write(kind: Kind, vessel: string, remark: string, writtenBy = "the watch") {
    return await this.insert({ kind, vessel, remark, written_by: writtenBy });
  }

  /** The id of the row that a client has seen last, if that is one of this database; 0 at the start. */
  async #find(lastEventId: string | undefined): Promise<number | undefined> {
    const position = parsePosition(lastEventId);
    if (!position || position.id === 0) return position?.id;
    const row = await this.findById(position.id);
    return row?.created_at.getTime() === position.time ? row?.id : undefined;
  }

  async #latest(): Promise<LogEntryRow[]> {
    return (await this.findMany({ order: [["id", "DESC"]], num: LATEST })).data.toReversed();
  }

  async #after(id: number): Promise<LogEntryRow[]> {
    return (await this.findMany({ wq: [["id", ">", id]], order: [["id", "ASC"]], num: 100 })).data;
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
