// npx tsx examples/03-post-stream/server.ts
//
// A stream need not be a GET: with `httpMethod: "POST"` its arguments come from a JSON body, as long as they
// like, and the answer comes word by word, as language models give it.
import { setTimeout as delay } from "node:timers/promises";
import { BaseModel, createServer, stream, z, type Context, type StreamEvent } from "pinestream";

const events = z.object({
  word: z.object({ text: z.string() }),
  usage: z.object({ words: z.number() }),
  error: z.object({ message: z.string() }),
});

class PilotModel extends BaseModel {
  @stream({ type: "sse", httpMethod: "POST", events })
  async *advise(
    question: string,
    history: { role: "skipper" | "pilot"; text: string }[],
    ctx: Context,
  ): AsyncGenerator<StreamEvent<typeof events>> {
    let words = 0;
    // The signal stops the model, and its cost, as soon as the skipper hangs up.
    for await (const text of think(question, history.length, ctx.signal)) {
      yield ["word", { text }];
      words++;
    }
    yield ["usage", { words }];
    // The generator is done, so the stream ends: `event: end` tells the client not to reconnect.
  }
}

/** Stands for a language model. */
async function* think(question: string, turns: number, signal: AbortSignal): AsyncGenerator<string> {
  const answer = `To "${question}" the pilot says, after ${turns} turns: keep the red buoy to port and mind the ebb.`;
  for (const word of answer.split(" ")) {
    await delay(60, undefined, { signal });
    yield word;
  }
}

const app = await createServer({ models: [PilotModel], handleSignals: true });
const address = await app.listen({ port: Number(process.env.PORT ?? 3000) });
const body = JSON.stringify({ question: "How do I enter at night?", history: [] });
console.log(`curl -N -X POST '${address}/api/pilot/advise' -H 'content-type: application/json' -d '${body}'`);
