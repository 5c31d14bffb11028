// npx tsx examples/04-plugin/server.ts
//
// In a Fastify application that you have already, pinestream is one more plugin: its routes stand under the
// prefix, and hooks and plugins registered before it, here CORS, hold for streams too.
import cors from "@fastify/cors";
import Fastify from "fastify";
import pinestream, { api, BaseModel, stream, z, type Context } from "pinestream";

const events = z.object({ gust: z.object({ knots: z.number(), from: z.string() }) });

class WindModel extends BaseModel {
  #factor = 1;

  @stream({ type: "sse", events, path: "/wind" })
  async *streamGusts(ctx: Context) {
    const sse = ctx.createSSE(events);
    while (true) {
      sse.publish("gust", { knots: Math.round((12 + Math.random() * 8) * this.#factor), from: "SW" });
      await sse.sleep(1000);
    }
  }

  @api({ httpMethod: "POST", path: "/wind/factor" })
  async setFactor(factor: number) {
    this.#factor = factor;
    return { factor };
  }
}

const fastify = Fastify();
await fastify.register(cors, { origin: ["https://harbour.example"] });
fastify.get("/health", () => ({ ok: true }));
await fastify.register(pinestream, { prefix: "/live", models: [WindModel] });

const address = await fastify.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`curl -N '${address}/live/wind'`);
