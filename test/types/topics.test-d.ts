// What must compile and what must not, for whoever publishes in topics and pipes them.

import { topic, z, type Context, type TopicEvent, type TopicGap } from "pinestream";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => {};

const events = z.object({
  arrived: z.object({ ship: z.string(), at: z.date() }),
  left: z.object({ ship: z.string() }),
  weather: z.enum(["calm", "storm"]).default("calm"),
});

const arrivals = topic("arrivals", z.object({ arrived: events.shape.arrived, left: events.shape.left }), {
  history: 100,
  ttl: 60_000,
});
const weather = topic("weather", z.object({ weather: events.shape.weather }));
const foreign = topic("foreign", z.object({ docked: z.string() }));
const other = topic("other", z.object({ left: z.object({ ship: z.number() }) }));

// publish: the name, and the data that goes with it
const id: Promise<string> = arrivals.publish("arrived", { ship: "Alba", at: new Date() });
void arrivals.key(4).publish("left", { ship: "Alba" }, { timeout: 0 });
void weather.publish("weather", undefined);
// @ts-expect-error no such event
void arrivals.publish("sunk", { ship: "Alba" });
// @ts-expect-error a field of the wrong type
void arrivals.publish("left", { ship: 4 });
// @ts-expect-error a key is a text or a number
arrivals.key({ berth: 4 });
// @ts-expect-error a topic has events
topic("empty");
void id;

// pipe: topics whose events the stream declares
declare const ctx: Context;
const sse = ctx.createSSE(events);
void sse.pipe(arrivals);
void sse.pipe(arrivals.key("berth"), weather);
// @ts-expect-error the stream has no such event
void sse.pipe(foreign);
// @ts-expect-error the stream declares other data for it
void sse.pipe(other);
// @ts-expect-error one of them does not fit
void sse.pipe(arrivals, foreign);
void ctx.createSSE().pipe(foreign);

void sse.pipe(arrivals, {
  filter: ({ event, data, id }) => {
    same<typeof id, string>(true);
    if (event === "arrived") same<typeof data, { ship: string; at: Date }>(true);
    else same<typeof event, "left">(true);
    return data.ship !== "Alba";
  },
  snapshot: async (gap) => {
    same<string | undefined, NonNullable<typeof gap>["key"]>(true);
    sse.publish("left", { ship: gap?.topic ?? "none" });
  },
});
void sse.pipe(arrivals, weather, {
  filter: async (received) => received.event !== "weather" || received.data === "storm",
});
// @ts-expect-error a filter answers yes or no
void sse.pipe(arrivals, { filter: () => "yes" });

// subscribe: events by name, and gaps
for await (const item of arrivals.subscribe({ after: "x", signal: new AbortController().signal })) {
  same<typeof item, TopicEvent<typeof arrivals.events> | TopicGap>(true);
  if (item.gap) same<typeof item.after, string>(true);
  else if (item.event === "arrived") same<typeof item.data.at, Date>(true);
  else same<typeof item.data, { ship: string }>(true);
}
