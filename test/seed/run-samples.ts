// Runs in a process of its own: serves every sample of the seed and tells the test what became of them.
// Nothing of ours is replaced. The samples' own waits of seconds are shortened to milliseconds, and what the
// connection's methods are called with is counted from outside.
import { createServer, BaseModel, stream, z, type Context } from "pinestream";
import { sql } from "kysely";
import type { AddressInfo } from "node:net";
import { serveCalls } from "../helpers/child-calls.ts";

const folder = process.argv[2]!;
const files: Record<string, string> = JSON.parse(process.argv[3]!);

const counts = { ended: 0, timeouts: 0, intervalsCleared: 0, userReads: 0 };
const globals = globalThis as any;

// Timers that a sample starts, told by its file among the frames, fire after 5 ms.
const bySample = () => (new Error("from where").stack ?? "").includes(folder);
const {
  setTimeout: realSetTimeout,
  setInterval: realSetInterval,
  clearInterval: realClearInterval,
} = globals;
globals.setTimeout = (run: () => void, ms?: number, ...args: unknown[]) => {
  if (!bySample()) return realSetTimeout(run, ms, ...args);
  counts.timeouts++;
  return realSetTimeout(run, 5, ...args);
};
Object.setPrototypeOf(globals.setTimeout, realSetTimeout);
globals.setInterval = (run: () => void, ms?: number, ...args: unknown[]) =>
  realSetInterval(run, bySample() ? 5 : ms, ...args);
globals.clearInterval = (timer: NodeJS.Timeout) => {
  if (bySample()) counts.intervalsCleared++;
  realClearInterval(timer);
};

// The connection's class is nobody's business but ours, so it is found by way of a connection.
class ProbeModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ found: z.boolean() }), params: z.object({}) })
  async *probe(ctx: Context) {
    const sse = ctx.createSSE();
    const prototype = Object.getPrototypeOf(sse);
    const { end } = prototype;
    if (!prototype.counted) {
      prototype.counted = true;
      prototype.end = function countedEnd(this: unknown, ...args: unknown[]) {
        if (bySample()) counts.ended++;
        return end.apply(this, args);
      };
    }
    sse.publish("found", typeof end === "function");
  }
}

const user = {
  get id() {
    if (bySample()) counts.userReads++;
    return 7;
  },
  name: "Ann",
};

const servers: Record<string, Awaited<ReturnType<typeof createServer>>> = {};
const models: Record<string, any> = {};

async function serve(name: string): Promise<number> {
  const { default: Model } = await import(files[name]!);
  models[name] = new Model();
  const app = await createServer({ models: [models[name], ProbeModel], authenticate: () => user });
  servers[name] = app;
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.server.address() as AddressInfo;
  await (await fetch(`http://127.0.0.1:${port}/api/probe/probe`)).text();
  return port;
}

serveCalls({
  serve,
  reset: () => {
    Object.assign(counts, { ended: 0, timeouts: 0, intervalsCleared: 0, userReads: 0 });
    globals.getSomeDataFails = false;
    globals.stubCalls = {};
  },
  counts: () => ({ ...counts }),
  open: (name: string) => servers[name]!.streams.list().length,
  failGetSomeData: () => (globals.getSomeDataFails = true),
  /** Makes the table that the sample reads, by the name that follows from its class, and puts a row into it. */
  insert: async (
    name: string,
    table: string,
    columns: Record<string, string>,
    row: Record<string, unknown>,
  ) => {
    const model = models[name];
    let create = model.db.schema.createTable(table).ifNotExists().addColumn("id", "serial");
    for (const [column, type] of Object.entries(columns)) {
      // The database's own clock, with its microseconds.
      create = create.addColumn(column, type as any, (built: any) =>
        column === "created_at" ? built.defaultTo(sql`now()`) : built,
      );
    }
    await create.execute();
    if (Object.keys(row).length > 0) await model.insert(row);
  },
  close: async (name: string) => await servers[name]!.close(),
});
process.send?.({ ready: true });
