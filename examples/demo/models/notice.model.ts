import { api, BaseModel, stream, z, type Context, type StreamEvent } from "pinestream";
import { followRows } from "../follow-rows.ts";
import { formatPosition, parsePosition, START } from "../row-position.ts";

const kind = z.enum(["weather", "parcel", "fee", "work"]);
const berth = z.number().int().min(1).max(12);

const events = z.object({
  beginning: z
    .object({ count: z.number().int() })
    .describe("What was known before is void: the latest notices follow, as many as this."),
  notice: z.object({ id: z.number().int(), kind, text: z.string(), createdAt: z.date() }),
});

interface NoticeRow {
  id: number;
  berth: number;
  kind: z.infer<typeof kind>;
  text: string;
  created_at: Date;
}

const LATEST = 5;

/** The notification centre: what the harbour office tells the skipper of one berth. */
export class NoticeModel extends BaseModel<NoticeRow> {
  @stream({
    type: "sse",
    events,
    params: z.object({ berth }),
    description: "Notices for one berth: the latest five, then each new one.",
  })
  async *streamNotices(berth: number, ctx: Context): AsyncGenerator<StreamEvent<typeof events>> {
    // Asked for before the stream opens, so that a failing database is an ordinary 500.
    const changes = this.changes({ wq: [["berth", berth]] });
    await changes.ready();
    const seen = await this.#find(berth, ctx.lastEventId);
    const latest = seen === undefined ? await this.#latest(berth) : [];

    const sse = ctx.createSSE(events);
    if (seen === undefined) yield sse.event("beginning", { count: latest.length });
    const last = seen ?? (latest[0]?.id ?? 1) - 1;
    for await (const row of followRows(changes, last, (id) => this.#after(berth, id))) {
      // With its row as the event's position, a client that reconnects goes on after the last one it saw.
      yield sse.event("notice", toNotice(row), { id: formatPosition(row) });
    }
  }

  @api({
    params: z.object({ berth }),
    description: "The latest five notices for one berth, and the position to go on from with the stream.",
  })
  async latest(berth: number) {
    const rows = await this.#latest(berth);
    const last = rows.at(-1);
    return { notices: rows.map(toNotice), position: last ? formatPosition(last) : START };
  }

  @api({
    httpMethod: "POST",
    params: z.object({ berth, kind, text: z.string().trim().min(1).max(200) }),
    description: "Posts a notice to one berth.",
  })
  async post(berth: number, kind: NoticeRow["kind"], text: string) {
    return await this.insert({ berth, kind, text });
  }

  /** The id of the row that a client has seen last, if that is one of this berth in this database; 0 at the start. */
  async #find(berth: number, lastEventId: string | undefined): Promise<number | undefined> {
    const position = parsePosition(lastEventId);
    if (!position || position.id === 0) return position?.id;
    const row = await this.findById(position.id);
    return row?.berth === berth && row.created_at.getTime() === position.time ? row.id : undefined;
  }

  async #latest(berth: number): Promise<NoticeRow[]> {
    const { data } = await this.findMany({ wq: [["berth", berth]], order: [["id", "DESC"]], num: LATEST });
    return data.toReversed();
  }

  async #after(berth: number, id: number): Promise<NoticeRow[]> {
    const ofBerth = ["berth", berth] as const;
    return (await this.findMany({ wq: [ofBerth, ["id", ">", id]], order: [["id", "ASC"]], num: 100 })).data;
  }
}

function toNotice(row: NoticeRow): z.infer<typeof events>["notice"] {
  return { id: row.id, kind: row.kind, text: row.text, createdAt: row.created_at };
}
