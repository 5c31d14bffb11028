// What a review of the writing side, of topics and of durable runs has found.

import {
  BaseModel,
  createServer,
  memoryBroker,
  stream,
  topic,
  z,
  type Broker,
  type Context,
} from "pinestream";
import { describe, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { events, head } from "../helpers/stream-client.ts";
import { http1 } from "../helpers/transports.ts";
import { settles, turns, waitFor } from "../helpers/wait-for.ts";

const crates = z.object({ crate: z.object({ number: z.number(), label: z.string() }) });

describe("What is written past the response", () => {
  test("counts against the limit when the client has half-closed and reads nothing", async () => {
    const filled = gate<Context>();
    const goOn = gate();
    class QuayModel extends BaseModel {
      @stream({ type: "sse", events: crates, params: z.object({}) })
      async *watch(ctx: Context) {
        const sse = ctx.createSSE(crates);
        const publish = async (): Promise<void> => {
          sse.publish("crate", { number: 1, label: "x".repeat(1_000) });
          await turns(1);
        };
        await publish();
        while (ctx.reply.raw.socket!.writableLength === 0) await publish();
        filled.open(ctx);
        await goOn.promise;
        while (!sse.closed) await publish();
      }
    }
    const served = await http1.serve({ models: QuayModel, maxBufferedBytes: 200_000, stallTimeout: 60_000 });
    const client = await head(served.open("/api/quay/watch"));
    client.stall();
    const ctx = await filled.promise;
    const { socket } = ctx.reply.raw;
    (client as unknown as { halfClose(): void }).halfClose();
    await waitFor(() => !socket!.writable, { what: "the server's note of the FIN" });
    goOn.open();
    await waitFor(() => ctx.signal.aborted, { what: "the end of the stream" });
    expect(ctx.signal.reason).toBe("overflow");
  });

  test("reaches whoever has put a write of their own in place of the response's", async () => {
    class QuayModel extends BaseModel {
      @stream({ type: "sse", events: crates, params: z.object({}) })
      async *tally(_ctx: Context) {
        for (let number = 0; number < 5; number++) {
          yield ["crate", { number, label: "" }];
          await turns(2);
        }
      }
    }
    const app = await createServer({ models: QuayModel });
    const { body } = await app.inject("/api/quay/tally");
    expect(body.match(/"number":\d/g)).toHaveLength(5);
    expect(body).toContain("event: end");
    await app.close();
  });
});

describe("History that is larger than what may wait for a client", () => {
  test.each(["close", "drop"] as const)("comes whole and in order under overflow: %s", async (overflow) => {
    const sheds = topic(`sheds ${overflow}`, crates);
    class ShedModel extends BaseModel {
      @stream({ type: "sse", events: crates, params: z.object({}), overflow })
      async *watch(ctx: Context) {
        await ctx.createSSE(crates).pipe(sheds);
      }
    }
    const served = await http1.serve({ models: ShedModel });
    const label = "x".repeat(60_000);
    const first = await sheds.publish("crate", { number: 0, label });
    for (let number = 1; number <= 100; number++) await sheds.publish("crate", { number, label });
    const client = served.open({ path: "/api/shed/watch", headers: { "last-event-id": first } });
    const received = await events(client, 100);
    expect(received.map(({ number }) => number)).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
  });
});

describe("A durable run", () => {
  class CraneModel extends BaseModel {
    readonly begun = gate();
    readonly go = gate();

    @stream({ type: "sse", events: crates, durable: true, params: z.object({}) })
    async *hesitate(ctx: Context) {
      this.begun.open();
      await this.go.promise;
      ctx.createSSE(crates).publish("crate", { number: 1, label: "" });
    }

    @stream({ type: "sse", events: crates, durable: true, params: z.object({}) })
    async *overload(ctx: Context) {
      const sse = ctx.createSSE(crates);
      sse.publish("crate", { number: 1, label: "too heavy" });
      await turns(5);
      sse.publish("crate", { number: 2, label: "" });
      await this.go.promise;
    }
  }

  test("that is cancelled before its head answers whoever waits, and holds up no shutdown", async () => {
    const model = new CraneModel();
    const served = await http1.serve({ models: model, shutdownTimeout: 60_000 });
    const asking = served.ask("/api/crane/hesitate");
    await model.begun.promise;
    expect(await served.app.runs.cancel(served.app.runs.list()[0]!.id)).toBe(true);
    expect((await asking).status).toBe(410);
    model.go.open();
    await waitFor(() => served.app.runs.list().length === 0, { what: "the end of the run" });
    await settles(served.app.close(), { what: "the close" });
  });

  test("sends nothing after an event that its log does not take", async () => {
    const memory = memoryBroker();
    const broker: Broker = {
      kind: "memory",
      publish: (log, entry, options) =>
        entry.data.includes("too heavy")
          ? Promise.reject(new Error("larger than this broker allows"))
          : memory.publish(log, entry, options),
      subscribe: (log, listener) => memory.subscribe(log, listener),
      read: (log, after, limit) => memory.read(log, after, limit),
      close: () => memory.close(),
    };
    const model = new CraneModel();
    const served = await http1.serve({ models: model, broker });
    const client = served.open("/api/crane/overload");
    await waitFor(() => client.over, { what: "the viewer's end" });
    expect(client.stream.events).toEqual([]);
    model.go.open();
  });
});
