import { api, BaseModel, stream, z, type Context, type StreamEvent } from "pinestream";
import { toRowId } from "../cursor.ts";

const kind = z.enum(["weather", "parcel", "fee", "work"]);
const berth = z.number().int().min(1).max(12);

const events = z.object({
  notice: z.object({
    id: z.number().int(),
    kind,
    text: z.string(),
    createdAt: z.date(),
  }),
});

interface NoticeRow {
  id: number;
  berth: number;
  kind: z.infer<typeof kind>;
  text: string;
  created_at: Date;
}

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
    let last = await this.#start(berth, toRowId(ctx.lastEventId));
    const sse = ctx.createSSE(events);

    while (true) {
      const fresh = await this.findMany({
        wq: [
          ["berth", berth],
          ["id", ">", last],
        ],
        order: [["id", "ASC"]],
        num: 50,
      });
      for (const row of fresh.data) {
        // With its row id as the event's id, a browser that reconnects goes on after the last one it saw.
        yield {
          event: "notice",
          id: String(row.id),
          data: { id: row.id, kind: row.kind, text: row.text, createdAt: row.created_at },
        };
        last = row.id;
      }
      await sse.sleep(700);
    }
  }

  @api({
    httpMethod: "POST",
    params: z.object({ berth, kind, text: z.string().trim().min(1).max(200) }),
    description: "Posts a notice to one berth.",
  })
  async post(berth: number, kind: NoticeRow["kind"], text: string) {
    const row = await this.insert({ berth, kind, text });
    return row;
  }

  /** The id to go on after: the one seen last, if this berth has it; else the one before the latest five. */
  async #start(berth: number, seen: number | undefined): Promise<number> {
    const ofBerth = ["berth", berth] as const;
    if (seen !== undefined && (await this.count({ wq: [ofBerth, ["id", seen]] })) > 0) return seen;
    const latest = await this.findMany({ wq: [ofBerth], order: [["id", "DESC"]], num: 6 });
    return latest.data[5]?.id ?? 0;
  }
}
