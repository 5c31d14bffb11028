import { api, BaseModel, stream, topic, z, type Context } from "pinestream";
import { Leases } from "../leases.ts";
import { Presence } from "../presence.ts";

const channel = z.number().int().min(1).max(88);
const callSign = z.string().trim().min(1).max(24);

/** What goes over a channel. */
const radio = topic(
  "radio",
  z.object({
    joined: z.object({ callSign: z.string() }),
    left: z.object({ callSign: z.string() }),
    transmission: z.object({
      id: z.number().int(),
      callSign: z.string(),
      text: z.string(),
      sentAt: z.date(),
    }),
  }),
  { history: 200 },
);

const events = radio.events.extend({
  onAir: z
    .object({ callSigns: z.array(z.string()), count: z.number().int() })
    .describe("What was known before is void: who is on the channel; the latest transmissions follow."),
});

interface TransmissionRow {
  id: number;
  channel: number;
  call_sign: string;
  text: string;
  sent_at: Date;
}

const LATEST = 20;
/** How long somebody stays on the air who has signed on and is not heard of again. */
const SIGNED_ON_MS = 150_000;

/** The chat: marine radio, one room for each channel. What was said is in the database; the topic only brings it. */
export class RadioModel extends BaseModel<TransmissionRow> {
  static override table = "transmissions";

  readonly #presence = new Presence((channel, { event, callSign }) =>
    radio.key(channel).publish(event, { callSign }),
  );
  readonly #signedOn = new Leases();

  @stream({
    type: "sse",
    events,
    params: z.object({ channel, callSign: callSign.optional() }),
    description:
      "One radio channel: who is on it, who comes and goes, and what is said. With a call sign you are on it " +
      "as long as you listen.",
  })
  async *streamChannel(channel: number, callSign: string | undefined, ctx: Context) {
    const sse = ctx.createSSE(events);
    const leave = callSign === undefined ? undefined : await this.#presence.enter(channel, callSign);
    try {
      await sse.pipe(radio.key(channel), {
        // That you have come yourself is no news.
        filter: ({ event, data }) => event !== "joined" || data.callSign !== callSign,
        // For whoever is new, or was away for longer than the topic's history. A transmission that comes in
        // meanwhile may be both in here and after it, so tell them apart by their ids.
        snapshot: async () => {
          const said = await this.#latest(channel);
          sse.publish("onAir", { callSigns: this.#presence.on(channel), count: said.length });
          for (const row of said) sse.publish("transmission", toTransmission(row));
        },
      });
    } finally {
      leave?.();
    }
  }

  @api({
    params: z.object({ channel }),
    description: "Who is on a channel, and what was said last; for who joins a stream that others opened.",
  })
  async recent(channel: number) {
    const said = await this.#latest(channel);
    return { callSigns: this.#presence.on(channel), transmissions: said.map(toTransmission) };
  }

  @api({
    httpMethod: "POST",
    params: z.object({ channel, callSign, text: z.string().trim().min(1).max(280) }),
    description: "Says something on a radio channel.",
  })
  async transmit(channel: number, callSign: string, text: string) {
    const row = await this.insert({ channel, call_sign: callSign, text });
    await radio.key(channel).publish("transmission", toTransmission(row));
    return row;
  }

  /** For a page whose windows share one stream: who is on the air is then a matter of the window. */
  @api({
    httpMethod: "POST",
    params: z.object({ channel, callSign }),
    description: "Comes on a radio channel for two and a half minutes; again prolongs it.",
  })
  async signOn(channel: number, callSign: string) {
    const leave = await this.#presence.enter(channel, callSign);
    this.#signedOn.hold(`${channel} ${callSign}`, leave, SIGNED_ON_MS);
    return { callSigns: this.#presence.on(channel) };
  }

  @api({
    httpMethod: "POST",
    params: z.object({ channel, callSign }),
    description: "Goes off a radio channel.",
  })
  async signOff(channel: number, callSign: string) {
    this.#signedOn.release(`${channel} ${callSign}`);
    return {};
  }

  async #latest(channel: number): Promise<TransmissionRow[]> {
    const { data } = await this.findMany({
      wq: [["channel", channel]],
      order: [["id", "DESC"]],
      num: LATEST,
    });
    return data.toReversed();
  }
}

function toTransmission(row: TransmissionRow) {
  return { id: row.id, callSign: row.call_sign, text: row.text, sentAt: row.sent_at };
}
