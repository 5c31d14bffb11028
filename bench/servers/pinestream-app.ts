import type { AddressInfo } from "node:net";
import {
  BaseModel,
  createServer,
  stream,
  topic,
  z,
  type Context,
  type SSEConnection,
  type TopicChannel,
} from "pinestream";

import { TOKEN_EVENT, tokens } from "../event.ts";
import type { Listening, Progress } from "./bench-server.ts";

/** What an event is, for the schemas of events; `any` takes everything, to see what validation costs. */
export const isTyped = process.env["BENCH_SCHEMA"] !== "any";

const position = z.object({
  ship: z.string(),
  latitude: z.number(),
  longitude: z.number(),
  berth: z.string(),
  note: z.string(),
  at: z.number(),
  n: z.number(),
});
const token = z.object({ text: z.string(), n: z.number() });

export const positions = z.object({ position: isTyped ? position : (z.any() as unknown as typeof position) });
const words = z.object({ token: isTyped ? token : (z.any() as unknown as typeof token) });

const traffic = topic("traffic", positions);

/** What the fan-out by topics publishes in: the topic itself, and beyond the first a key for each number. */
export function channelOf(number: number): TopicChannel<typeof positions> {
  return number === 0 ? traffic : traffic.key(number);
}

export const progress: Progress = { offered: 0 };
/** The connections that wait for a publish of their own. */
export const connections = new Set<SSEConnection<typeof positions>>();

export class QuayModel extends BaseModel {
  @stream({ type: "sse", events: positions, params: z.object({ topic: z.number() }) })
  async *piped(topic: number, ctx: Context) {
    const sse = ctx.createSSE(positions);
    await sse.pipe(channelOf(topic));
  }

  @stream({ type: "sse", events: positions, params: z.object({}) })
  async *published(ctx: Context) {
    const sse = ctx.createSSE(positions);
    connections.add(sse);
    ctx.signal.addEventListener("abort", () => connections.delete(sse));
    await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
  }

  @stream({ type: "sse", events: words, params: z.object({ count: z.number(), bytes: z.number() }) })
  async *pulled(count: number, bytes: number, ctx: Context) {
    const sse = ctx.createSSE(words);
    for await (const word of tokens(count, bytes, (n) => (progress.offered = n))) {
      yield sse.event(TOKEN_EVENT, word, { id: String(word.n) });
    }
  }
}

/** Makes the broker at an address; without one it is the server's own, in memory. */
async function createBroker(url: string | undefined) {
  if (url?.startsWith("redis:")) return (await import("pinestream/redis")).redisBroker({ url });
  if (url?.startsWith("nats:")) return (await import("pinestream/nats")).natsBroker({ servers: url });
  return undefined;
}

/** Serves the streams; the fan-out is by one of the two endpoints. */
export async function listen(fanOut: "piped" | "published"): Promise<Listening> {
  const broker = await createBroker(process.env["BENCH_BROKER"]);
  const app = await createServer({ models: QuayModel, ...(broker && { broker }) });
  // Thousands come at once.
  await app.listen({ port: 0, host: "127.0.0.1", backlog: 4096 });
  return {
    port: (app.server.address() as AddressInfo).port,
    fanOut: (topic) => (fanOut === "piped" ? `/api/quay/piped?topic=${topic}` : "/api/quay/published"),
    pull: (count, bytes) => `/api/quay/pulled?count=${count}&bytes=${bytes}`,
  };
}
