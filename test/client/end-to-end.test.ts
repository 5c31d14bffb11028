// The client against the framework's own server, over a real socket.
import { BaseModel, createServer, stream, api, z, type Context } from "pinestream";
import {
  createClient,
  ResponseError,
  type CallMethod,
  type ClientOptions,
  type StreamMethod,
} from "pinestream/client";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { settles, waitFor } from "../helpers/wait-for.ts";

const shift = z.object({
  at: z.date(),
  count: z.bigint(),
  text: z.string(),
  tides: z.array(z.object({ high: z.date().nullable() })),
});

let runs: { lastEventId: string | undefined; reason?: unknown }[] = [];
beforeEach(() => (runs = []));

class HarbourModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ shift }), params: z.object({ berth: z.string() }) })
  async *streamShifts(berth: string, ctx: Context) {
    const sse = ctx.createSSE();
    sse.publish("shift", {
      at: new Date(5),
      count: 12345678901234567890n,
      text: `${berth} 1970-01-01T00:00:00.000Z`,
      tides: [{ high: new Date(6) }, { high: null }],
    });
    await sse.end();
  }

  /** Counts on from the last event id, and is cut off by whoever stops the server. */
  @stream({ type: "sse", events: z.object({ count: z.number() }), params: z.object({}), retry: 5 })
  async *streamCounts(ctx: Context) {
    const run: (typeof runs)[number] = { lastEventId: ctx.lastEventId };
    runs.push(run);
    const sse = ctx.createSSE();
    try {
      for (let count = Number(ctx.lastEventId ?? 0) + 1; ; count++) {
        sse.publish("count", count, { id: String(count) });
        await sse.sleep(5);
      }
    } finally {
      run.reason = ctx.signal.reason;
    }
  }

  @stream({
    type: "sse",
    events: z.object({ word: z.string() }),
    params: z.object({ prompt: z.string(), options: z.object({ since: z.date() }).optional() }),
    httpMethod: "POST",
  })
  async *streamWords(prompt: string, options: { since: Date } | undefined, _ctx: Context) {
    for (const word of prompt.split(" ")) yield ["word", word];
    yield ["word", options ? options.since.toISOString() : "-"];
  }

  @api({
    params: z.object({
      ids: z.array(z.number()),
      from: z.date(),
      big: z.bigint(),
      where: z.object({ at: z.date(), names: z.array(z.string()) }),
      flag: z.boolean(),
      note: z.string().optional(),
    }),
  })
  async echo(ids: number[], from: Date, big: bigint, where: object, flag: boolean, note: string | undefined) {
    return { ids, from, big, where, flag, note: note ?? "none" };
  }

  @api({ httpMethod: "POST", params: z.object({ title: z.string().min(2) }) })
  async add(_title: string): Promise<void> {}
}

interface Shift {
  at: Date;
  count: bigint;
  text: string;
  tides: { high: Date | null }[];
}

interface Echo {
  ids: number[];
  from: Date;
  big: bigint;
  where: { at: Date; names: string[] };
  flag: boolean;
  note?: string;
}

interface Api {
  harbour: {
    streamShifts: StreamMethod<{ berth: string }, { shift: Shift }>;
    streamCounts: StreamMethod<{}, { count: number }>;
    streamWords: StreamMethod<{ prompt: string; options?: { since: Date } }, { word: string }>;
    echo: CallMethod<Echo, Echo>;
    add: CallMethod<{ title: string }, void>;
  };
}

const createApi = (options: ClientOptions) =>
  createClient<Api>(
    {
      harbour: {
        streamShifts: {
          kind: "stream",
          method: "GET",
          path: "/harbour/streamShifts",
          revive: {
            shift: {
              properties: { at: "date", count: "bigint", tides: { items: { properties: { high: "date" } } } },
            },
          },
        },
        streamCounts: { kind: "stream", method: "GET", path: "/harbour/streamCounts" },
        streamWords: { kind: "stream", method: "POST", path: "/harbour/streamWords" },
        echo: {
          kind: "call",
          method: "GET",
          path: "/harbour/echo",
          revive: { properties: { from: "date", big: "bigint", where: { properties: { at: "date" } } } },
        },
        add: { kind: "call", method: "POST", path: "/harbour/add" },
      },
    },
    options,
  );

async function serve(port = 0) {
  const app = await createServer({ models: [HarbourModel] });
  await app.listen({ port, host: "127.0.0.1" });
  onTestFinished(async () => await app.close());
  const address = app.server.address() as { port: number };
  return { app, port: address.port, baseUrl: `http://127.0.0.1:${address.port}` };
}

describe("the client with a server of pinestream", () => {
  test("gets typed events with dates and bigints, and the end", async () => {
    const { harbour } = createApi(await serve());
    const received = [];
    for await (const event of harbour.streamShifts({ berth: "A&B=1" })) received.push(event);
    expect(received).toEqual([
      {
        event: "shift",
        data: {
          at: new Date(5),
          count: 12345678901234567890n,
          text: "A&B=1 1970-01-01T00:00:00.000Z",
          tides: [{ high: new Date(6) }, { high: null }],
        },
      },
    ]);
  });

  test("F14, F18: goes on after a restart of the server with nothing lost or doubled", async () => {
    const first = await serve();
    const counts: number[] = [];
    const subscription = createApi({
      baseUrl: first.baseUrl,
      retry: { interval: 5, maxInterval: 20 },
    }).harbour.streamCounts();
    onTestFinished(() => subscription.close());
    const statuses: string[] = [];
    subscription.onStatus((status) => statuses.push(status));
    subscription.on("count", (count) => counts.push(count));
    await waitFor(() => counts.length >= 3, { what: "the first counts" });

    // As in a crash: a farewell would have the test wait for the reconnection time that comes with it.
    first.app.server.close();
    first.app.server.closeAllConnections();
    await waitFor(() => subscription.retryCount > 1, { what: "attempts without a server" });
    const before = counts.length;
    await serve(first.port);
    await waitFor(() => counts.length >= before + 3, {
      what: "counts of the second server",
      boundMs: 20_000,
    });

    expect(counts).toEqual(counts.map((_, index) => index + 1));
    expect(runs[0]?.lastEventId).toBeUndefined();
    expect(statuses).toContain("reconnecting");
    expect(statuses.at(-1)).toBe("open");
  });

  test("leaves so that the server's handler ends", async () => {
    const { harbour } = createApi(await serve());
    for await (const { event } of harbour.streamCounts()) if (event === "count") break;
    await waitFor(() => runs[0]?.reason, { what: "the handler's finally" });
    expect(runs).toEqual([{ lastEventId: undefined, reason: "client" }]);
  });

  test("sends a POST stream's parameters as JSON", async () => {
    const { harbour } = createApi(await serve());
    const subscription = harbour.streamWords({ prompt: "ebb flow", options: { since: new Date(7) } });
    const words: string[] = [];
    subscription.on("word", (word) => words.push(word));
    expect(await settles(subscription.closed, { what: "the end" })).toBe("ended");
    expect(words).toEqual(["ebb", "flow", "1970-01-01T00:00:00.007Z"]);
  });

  test("carries every kind of parameter in a query, there and back", async () => {
    const { harbour } = createApi(await serve());
    const echo = {
      ids: [3, 4],
      from: new Date(8),
      big: -12345678901234567890n,
      where: { at: new Date(9), names: ["a", "ä&="] },
      flag: false,
    };
    expect(await harbour.echo(echo)).toEqual({ ...echo, note: "none" });
    expect(await harbour.echo({ ...echo, ids: [5], note: "" })).toEqual({ ...echo, ids: [5], note: "" });
  });

  test("gives undefined for 204, and a typed error with issues for 400", async () => {
    const { harbour } = createApi(await serve());
    expect(await harbour.add({ title: "ok" })).toBeUndefined();
    const error: any = await harbour.add({ title: "x" }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(ResponseError);
    expect(error).toMatchObject({ status: 400, code: "PINE_CLIENT_RESPONSE", issues: [{ path: ["title"] }] });
    expect(error.message).toContain("POST /harbour/add: 400 Invalid parameters");
  });
});
