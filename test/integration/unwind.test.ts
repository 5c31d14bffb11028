import { EventEmitter } from "node:events";
import { BaseModel, StreamClosedError, stream, z, type Context } from "pinestream";
import { beforeEach, describe, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { CapturedLog } from "../helpers/log.ts";
import { events, head } from "../helpers/stream-client.ts";
import { describeTransports, http1, type Served } from "../helpers/transports.ts";
import { settles, waitFor } from "../helpers/wait-for.ts";

let run: (ctx: Context, model: UnwindModel) => AsyncGenerator<any>;
let log: string[] = [];
beforeEach(() => (log = []));

/** A plain timer, as the seed's samples use it: no unwind point. */
const pause = () => new Promise((resolve) => setTimeout(resolve, 1));

class UnwindModel extends BaseModel {
  static override table = "rooms";

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *go(ctx: Context) {
    try {
      yield* run(ctx, this);
    } catch (error) {
      log.push((error as Error).name);
      throw error;
    } finally {
      log.push("finally");
    }
  }

  async ownMethod(): Promise<number> {
    log.push("own method");
    return 1;
  }

  ownSyncMethod(): number {
    return 1;
  }

  async *ownGenerator() {
    yield 1;
  }
}

const seen = (what: string, boundMs?: number) =>
  waitFor(() => log.includes(what), {
    what: () => `${what}; log: ${log.slice(-20)}`,
    ...(boundMs && { boundMs }),
  });

/** Starts a stream, waits for its first event and gives the client. */
const start = async ({ open }: Served) => {
  const client = open("/api/unwind/go");
  await events(client, 1);
  return client;
};

const opened = (ctx: Context): any => {
  const sse: any = ctx.createSSE();
  sse.publish("tick", "first");
  return sse;
};

describeTransports("a loop that never yields is unwound", ({ serve }) => {
  const points: Record<string, (sse: any, model: UnwindModel) => unknown> = {
    publish: (sse) => sse.publish("tick", 1),
    sleep: (sse) => sse.sleep(1),
    flush: (sse) => sse.flush(),
    comment: (sse) => sse.comment("still here"),
    "a call of the model's own method": (_sse, model) => model.ownMethod(),
    "a call of the model's own synchronous method": (_sse, model) => model.ownSyncMethod(),
  };
  for (const [point, reach] of Object.entries(points)) {
    test(`at ${point}: finally runs and the stream's entry is gone`, async () => {
      run = async function* (ctx, model) {
        const sse = opened(ctx);
        for (;;) {
          await reach(sse, model);
          await pause();
        }
      };
      const served = await serve({ models: [UnwindModel] });
      const client = await start(served);
      client.leave();
      await seen("finally");
      await waitFor(() => served.app.streams.list().length === 0, { what: "the end of the stream's entry" });
      expect(log).toContain("StreamClosedError");
    });
  }
});

describe("a loop that never yields is unwound", () => {
  const { serve } = http1;

  const reads: Record<string, (model: UnwindModel) => Promise<unknown>> = {
    findMany: (model) => model.findMany({ num: 1 }),
    findOne: (model) => model.findOne({ wq: [["id", 1]] }),
    findById: (model) => model.findById(1),
    count: (model) => model.count(),
  };
  test(`at a read by ${Object.keys(reads).join(", ")}`, async () => {
    const model = new UnwindModel();
    const served = await serve({ models: [model] });
    await model.db.schema.createTable("rooms").ifNotExists().addColumn("id", "serial").execute();
    for (const [name, read] of Object.entries(reads)) {
      log = [];
      run = async function* (ctx, self) {
        opened(ctx);
        for (;;) {
          await read(self);
          log.push(name);
          await pause();
        }
      };
      const client = await start(served);
      await seen(name);
      client.leave();
      await seen("finally");
      expect(log, name).toContain("StreamClosedError");
    }
  });

  const shapes: Record<string, (sse: any) => Promise<unknown>> = {
    "a nested helper": async (sse) => {
      const inner = async () => {
        await pause();
        sse.publish("tick", 1);
      };
      await inner();
    },
    "Promise.all": (sse) =>
      Promise.all([
        pause(),
        (async () => {
          await pause();
          sse.publish("tick", 1);
        })(),
      ]),
    "Promise.race": (sse) =>
      Promise.race([
        new Promise(() => {}),
        (async () => {
          await pause();
          sse.publish("tick", 1);
        })(),
      ]),
    "a then chain": (sse) => pause().then(() => sse.publish("tick", 1)),
    "for await": async (sse) => {
      const source = async function* () {
        await pause();
        yield sse.publish("tick", 1);
      };
      for await (const _ of source());
    },
  };
  for (const [shape, step] of Object.entries(shapes)) {
    test(`when it comes to publish through ${shape}`, async () => {
      run = async function* (ctx) {
        const sse = opened(ctx);
        for (;;) {
          await step(sse);
          await pause();
        }
      };
      const client = await start(await serve({ models: [UnwindModel] }));
      client.leave();
      await seen("finally");
      expect(log).toContain("StreamClosedError");
    });
  }

  test("after its own end, too", async () => {
    run = async function* (ctx) {
      const sse = opened(ctx);
      await sse.end();
      for (;;) {
        sse.publish("tick", 1);
        await pause();
      }
    };
    const { open } = await serve({ models: [UnwindModel] });
    const client = open("/api/unwind/go");
    expect(await events(client, 2)).toEqual(["first", "END"]);
    await seen("finally");
    expect(log).toContain("StreamClosedError");
  });

  test("when its client was too slow for it, too", async () => {
    run = async function* (ctx) {
      const sse = opened(ctx);
      for (;;) {
        sse.publish("tick", "x".repeat(100_000));
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const { open } = await serve({ models: [UnwindModel], maxBufferedBytes: 300_000 });
    open({ path: "/api/unwind/go", stalled: true });
    await seen("finally");
    expect(log).toContain("StreamClosedError");
  });

  const closings: Record<string, { options?: object; close: (served: Served) => unknown }> = {
    "closed by app.streams": {
      close: ({ app }) => app.streams.close({ endpoint: app.streams.list()[0]!.endpoint }),
    },
    "at the end of its lifetime": { options: { maxLifetime: 50 }, close: () => {} },
    "at the end of the sign-in": {
      options: { authenticate: () => ({ user: { id: 1 }, expiresAt: Date.now() + 1_000 }) },
      close: () => {},
    },
    "at the shutdown": { close: ({ app }) => void app.close() },
  };
  for (const [when, { options, close }] of Object.entries(closings)) {
    test(`${when}, too`, async () => {
      run = async function* (ctx) {
        const sse = opened(ctx);
        for (;;) {
          sse.publish("tick", 1);
          await pause();
        }
      };
      const served = await serve({ models: [UnwindModel], ...options });
      await start(served);
      await close(served);
      await seen("finally");
    });
  }
});

describe("after the close", () => {
  const { serve } = http1;

  test("the first publish at a place returns false, the second there in a later turn throws", async () => {
    const steps: unknown[] = [];
    run = async function* (ctx) {
      const sse = opened(ctx);
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      for (;;) {
        try {
          steps.push(sse.publish("tick", 1));
        } catch (error) {
          steps.push(error);
          throw error;
        }
        await pause();
      }
    };
    const client = await start(await serve({ models: [UnwindModel] }));
    client.leave();
    await seen("finally");
    expect(steps).toEqual([false, expect.any(StreamClosedError)]);
    expect((steps[1] as StreamClosedError).message).toContain("UnwindModel.go");
  });

  test("the framework swallows the error: nothing is logged above debug", async () => {
    const captured = new CapturedLog();
    run = async function* (ctx) {
      const sse = opened(ctx);
      for (;;) {
        sse.publish("tick", 1);
        await pause();
      }
    };
    const served = await serve({ models: [UnwindModel], fastify: { logger: captured.logger } as any });
    const client = await start(served);
    client.leave();
    await seen("StreamClosedError");
    await waitFor(() => served.app.streams.list().length === 0, { what: "the stream's end" });
    await served.app.close();
    expect(captured.about("StreamClosedError", 30)).toEqual([]);
    expect(captured.lines.filter((line) => line.level >= 40)).toEqual([]);
  });

  test("a round that stays within one turn does not count as a loop that has come round", async () => {
    const results: unknown[] = [];
    run = async function* (ctx) {
      const sse = opened(ctx);
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      for (let each = 0; each < 100; each++) results.push(sse.publish("tick", each));
      log.push("done");
    };
    const client = await start(await serve({ models: [UnwindModel] }));
    client.leave();
    await seen("finally");
    expect(log).toEqual(["done", "finally"]);
    expect(results).toEqual(Array.from({ length: 100 }, () => false));
  });

  test("catch and finally publish, query, sleep, flush and comment undisturbed", async () => {
    const model = new UnwindModel();
    run = async function* (ctx, self) {
      const sse = opened(ctx);
      try {
        for (;;) {
          sse.publish("tick", 1);
          await pause();
        }
      } catch (error) {
        log.push(`caught ${(error as Error).name}`);
        log.push(`publish: ${sse.publish("tick", "sorry")}`);
        await pause();
        await self.ownMethod();
        await self.insert({ name: "left" });
        log.push(`rows: ${(await self.findMany({ wq: [["name", "left"]] })).data.length}`);
      } finally {
        await sse.sleep(1);
        await sse.flush();
        log.push(`comment: ${sse.comment("bye")}`);
        await self.update(1, { name: "gone" });
        log.push(`last: ${sse.publish("tick", "bye")}`);
        log.push(`deleted: ${await self.del(1)}`);
        await sse.end();
        log.push("cleaned up");
      }
    };
    const served = await serve({ models: [model] });
    await model.db.schema
      .createTable("rooms")
      .ifNotExists()
      .addColumn("id", "serial", (column) => column.primaryKey())
      .addColumn("name", "text")
      .execute();
    const client = await start(served);
    client.leave();
    await seen("cleaned up");
    expect(log.filter((line) => line !== "own method")).toEqual([
      "caught StreamClosedError",
      "publish: false",
      "rows: 1",
      "comment: false",
      "last: false",
      "deleted: 1",
      "cleaned up",
      "finally",
    ]);
  });

  test("a clean-up that itself loops is a loop like any other", async () => {
    run = async function* (ctx) {
      const sse = opened(ctx);
      try {
        for (;;) {
          sse.publish("tick", 1);
          await pause();
        }
      } finally {
        log.push("cleaning");
        try {
          for (;;) {
            sse.publish("tick", 2);
            await pause();
          }
        } finally {
          log.push("clean-up unwound");
        }
      }
    };
    const client = await start(await serve({ models: [UnwindModel] }));
    client.leave();
    await seen("finally");
    expect(log).toEqual(["cleaning", "clean-up unwound", "StreamClosedError", "finally"]);
  });

  test("a loop that swallows the error is unwound again until it gives in", async () => {
    run = async function* (ctx) {
      const sse = opened(ctx);
      let thrown = 0;
      while (thrown < 2) {
        try {
          sse.publish("tick", 1);
        } catch {
          log.push(`thrown ${++thrown}`);
        }
        await pause();
      }
    };
    const client = await start(await serve({ models: [UnwindModel] }));
    client.leave();
    await seen("finally");
    expect(log).toEqual(["thrown 1", "thrown 2", "finally"]);
  });

  test("the model's methods inside a transaction and raw queries are no unwind points", async () => {
    const model = new UnwindModel();
    const rounds = 6;
    run = async function* (ctx, self) {
      opened(ctx);
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      await self.transaction(async () => {
        for (let round = 0; round < rounds; round++) {
          await self.insert({ name: `in ${round}` });
          await self.findMany({ num: 1 });
          await self.count();
          await self.ownMethod();
          await pause();
        }
      });
      log.push("committed");
      for (let round = 0; round < rounds; round++) {
        await self.db
          .selectFrom("rooms" as never)
          .selectAll()
          .execute();
        await pause();
      }
      log.push("raw done");
    };
    const served = await serve({ models: [model] });
    await model.db.schema
      .createTable("rooms")
      .ifNotExists()
      .addColumn("id", "serial", (column) => column.primaryKey())
      .addColumn("name", "text")
      .execute();
    const client = await start(served);
    client.leave();
    await seen("finally", 20_000);
    expect(log.filter((line) => line !== "own method")).toEqual(["committed", "raw done", "finally"]);
    expect(await model.count()).toBe(rounds);
  });

  const strangers: Record<string, (act: () => void) => unknown> = {
    "a timer": (act) => {
      const timer = setInterval(act, 1);
      return () => clearInterval(timer);
    },
    "a promise that nobody awaits": (act) => {
      const state = { going: true };
      void (async () => {
        while (state.going) {
          act();
          await pause();
        }
      })();
      return () => (state.going = false);
    },
    "a listener of another emitter": (act) => {
      const emitter = new EventEmitter().on("ping", act);
      const timer = setInterval(() => emitter.emit("ping"), 1);
      return () => clearInterval(timer);
    },
  };
  for (const [stranger, drive] of Object.entries(strangers)) {
    test(`calls from ${stranger} return false for ever and never throw`, async () => {
      const results: unknown[] = [];
      const held = gate();
      let stop: any;
      run = async function* (ctx) {
        const sse = opened(ctx);
        stop = drive(() => {
          try {
            const taken = sse.publish("tick", 1);
            if (ctx.signal.aborted) results.push(taken, sse.comment("x"));
          } catch (error) {
            results.push(error);
          }
        });
        await held.promise;
      };
      const client = await start(await serve({ models: [UnwindModel] }));
      client.leave();
      await waitFor(() => results.length >= 20, { what: "calls after the close" });
      held.open();
      await seen("finally");
      await waitFor(() => results.length >= 40, { what: "calls after the handler's end" });
      stop();
      expect(new Set(results)).toEqual(new Set([false]));
    });
  }

  test("another request that uses the connection is not unwound", async () => {
    let shared: any;
    const results: unknown[] = [];
    let second = false;
    run = async function* (ctx) {
      if (!second) {
        second = true;
        shared = opened(ctx);
        await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
        return;
      }
      const own = opened(ctx);
      while (results.length < 10) {
        try {
          results.push(shared.publish("tick", "from a stranger"));
        } catch (error) {
          results.push(error);
        }
        await pause();
      }
      own.publish("tick", "own");
    };
    const served = await serve({ models: [UnwindModel] });
    const first = await start(served);
    first.leave();
    await seen("finally");
    const other = served.open("/api/unwind/go");
    expect(await events(other, 3)).toEqual(["first", "own", "END"]);
    expect(results.slice(-9)).toEqual(Array.from({ length: 9 }, () => false));
  });

  test("end resolves, and may be awaited again and again", async () => {
    run = async function* (ctx) {
      const sse = opened(ctx);
      await new Promise((resolve) => ctx.signal.addEventListener("abort", resolve));
      for (let each = 0; each < 5; each++) {
        await settles(sse.end(), { what: "end" });
        await pause();
      }
      log.push("ended five times");
    };
    const client = await start(await serve({ models: [UnwindModel] }));
    client.leave();
    await seen("finally");
    expect(log).toEqual(["ended five times", "finally"]);
  });

  test("a generator parked at yield by a full buffer is returned", async () => {
    run = async function* (ctx) {
      opened(ctx);
      for (let each = 0; ; each++) {
        log.push("yielding");
        yield ["tick", "x".repeat(100_000)];
        log.push("resumed");
      }
    };
    const served = await serve({ models: [UnwindModel] });
    const client = served.open({ path: "/api/unwind/go", stalled: true });
    await waitFor(() => log.length > 4 && served.app.streams.list()[0]!.bufferedBytes > 0, {
      what: "a full buffer",
    });
    client.leave();
    await seen("finally");
    expect(log).not.toContain("StreamClosedError");
  });

  test("a stream that was never started for its client is not left open", async () => {
    run = async function* () {
      log.push("started");
    };
    const served = await serve({ models: [UnwindModel] });
    await head(served.open("/api/unwind/go"));
    await seen("finally");
    expect(served.app.streams.list()).toEqual([]);
  });
});
