import { api, BaseModel, stream, z, type Context } from "pinestream";
import { toRowId } from "../cursor.ts";
import { Presence } from "../presence.ts";

const channel = z.number().int().min(1).max(88);
const callSign = z.string().trim().min(1).max(24);

const events = z.object({
  onAir: z.object({ callSigns: z.array(z.string()) }),
  joined: z.object({ callSign: z.string() }),
  left: z.object({ callSign: z.string() }),
  transmission: z.object({
    id: z.number().int(),
    callSign: z.string(),
    text: z.string(),
    sentAt: z.date(),
  }),
});

interface TransmissionRow {
  id: number;
  channel: number;
  call_sign: string;
  text: string;
  sent_at: Date;
}

/** The chat: marine radio, one room for each channel. */
export class RadioModel extends BaseModel<TransmissionRow> {
  static override table = "transmissions";

  readonly #presence = new Presence();

  @stream({
    type: "sse",
    events,
    params: z.object({ channel, callSign }),
    description: "One radio channel: who is on it, who comes and goes, and what is said.",
  })
  async *streamChannel(channel: number, callSign: string, ctx: Context) {
    const sse = ctx.createSSE(events);
    // Others come and go on their own time; a publish from here never throws, not even after the close.
    const leave = this.#presence.enter(channel, callSign, (change) =>
      sse.publish(change.event, { callSign: change.callSign }),
    );
    try {
      sse.publish("onAir", { callSigns: this.#presence.on(channel) });
      let last = await this.#start(channel, toRowId(ctx.lastEventId));

      while (true) {
        const fresh = await this.findMany({
          wq: [
            ["channel", channel],
            ["id", ">", last],
          ],
          order: [["id", "ASC"]],
          num: 50,
        });
        for (const row of fresh.data) {
          sse.publish(
            "transmission",
            { id: row.id, callSign: row.call_sign, text: row.text, sentAt: row.sent_at },
            { id: String(row.id) },
          );
          last = row.id;
        }
        await sse.sleep(400);
      }
    } finally {
      leave();
    }
  }

  @api({
    httpMethod: "POST",
    params: z.object({ channel, callSign, text: z.string().trim().min(1).max(280) }),
    description: "Says something on a radio channel.",
  })
  async transmit(channel: number, callSign: string, text: string) {
    const row = await this.insert({ channel, call_sign: callSign, text });
    return row;
  }

  /** The id to go on after: the one heard last, if this channel has it; else the one before the latest 20. */
  async #start(channel: number, heard: number | undefined): Promise<number> {
    const ofChannel = ["channel", channel] as const;
    if (heard !== undefined && (await this.count({ wq: [ofChannel, ["id", heard]] })) > 0) return heard;
    const latest = await this.findMany({ wq: [ofChannel], order: [["id", "DESC"]], num: 21 });
    return latest.data[20]?.id ?? 0;
  }
}
