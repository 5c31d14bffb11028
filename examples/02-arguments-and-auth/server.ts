// npx tsx examples/02-arguments-and-auth/server.ts
//
// Arguments are the method's own, read from the query by name and turned into their declared types. Who asks is
// found out once, by `authenticate`; what they may do is said by guards.
import { BaseModel, createServer, stream, z, type Context, type StreamEvent } from "pinestream";

interface Keeper {
  id: number;
  name: string;
  mayOpen: boolean;
}

const keepers = new Map<string, Keeper>([
  ["Bearer ida", { id: 1, name: "Ida", mayOpen: true }],
  ["Bearer bram", { id: 2, name: "Bram", mayOpen: false }],
]);

const events = z.object({
  gate: z.object({
    lock: z.number(),
    side: z.enum(["sea", "harbour"]),
    open: z.boolean(),
    seenBy: z.string(),
  }),
});

class LockModel extends BaseModel {
  // Without a token this is 401, with Bram's 403, with `lock=two` 400: each before the stream opens.
  @stream({ type: "sse", events, guards: ["user", "keeper"] })
  async *streamGates(
    lock: number,
    ctx: Context,
    sides: ("sea" | "harbour")[] = ["sea", "harbour"],
    since?: Date,
  ): AsyncGenerator<StreamEvent<typeof events>> {
    const sse = ctx.createSSE(events);
    const seenBy = (ctx.user as Keeper).name;
    if (since) sse.comment(`gates since ${since.toISOString()}`);
    for (let turn = 0; ; turn++) {
      for (const side of sides) {
        yield sse.event("gate", { lock, side, open: (side === "sea") === (turn % 2 === 0), seenBy });
      }
      await sse.sleep(1000);
    }
  }
}

const app = await createServer({
  models: [LockModel],
  authenticate: (request) => {
    const user = keepers.get(request.headers.authorization ?? "");
    // A real one would take the expiry from the token; the stream is closed when it has passed.
    return user ? { user, expiresAt: Date.now() + 15 * 60_000 } : null;
  },
  guards: { keeper: (ctx) => (ctx.user as Keeper).mayOpen },
  handleSignals: true,
});
const address = await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`curl -N -H 'authorization: Bearer ida' '${address}/api/lock/streamGates?lock=2&sides=sea'`);
