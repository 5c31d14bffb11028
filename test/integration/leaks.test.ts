import { EventEmitter } from "node:events";
import { BaseModel, stream, z, type Context } from "pinestream";
import { expect, test } from "vitest";
import { activeResources, Collectables, listenerCounts } from "../helpers/leaks.ts";
import { events, head } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

const source = new EventEmitter();
let running = 0;
let held = new Collectables();

const noted = (ctx: Context): any => {
  const sse = ctx.createSSE();
  held.add(sse);
  held.add(ctx);
  held.add(ctx.signal);
  held.add(ctx.request);
  return sse;
};

class LeakyModel extends BaseModel {
  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *yielding(ctx: Context) {
    running++;
    try {
      noted(ctx);
      for (let tick = 0; ; tick++) {
        yield ["tick", tick];
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      running--;
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *looping(ctx: Context) {
    running++;
    const sse = noted(ctx);
    try {
      for (let tick = 0; ; tick++) {
        sse.publish("tick", tick);
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    } finally {
      running--;
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *sleeping(ctx: Context) {
    running++;
    const sse = noted(ctx);
    const listener = (tick: number) => sse.publish("tick", tick);
    source.on("tick", listener);
    try {
      sse.publish("tick", 0);
      await sse.sleep(3_600_000);
    } finally {
      source.off("tick", listener);
      running--;
    }
  }

  @stream({ type: "sse", events: z.object({ tick: z.any() }), params: z.object({}) })
  async *ending(ctx: Context) {
    running++;
    const sse = noted(ctx);
    sse.publish("tick", 0);
    await sse.end();
    running--;
  }
}

const METHODS = ["yielding", "looping", "sleeping", "ending"];

describeTransports("200 connects and disconnects", ({ serve }) => {
  test("leave no timer, listener, handler, socket or connection behind", async () => {
    source.setMaxListeners(0);
    held = new Collectables();
    const served = await serve({ models: [LeakyModel], keepAlive: 15_000, maxLifetime: 3_600_000 });
    const { app } = served;
    const sockets = () =>
      new Promise<number>((resolve) => app.server.getConnections((_error, count) => resolve(count)));

    const visit = async (index: number) => {
      const client = served.open(`/api/leaky/${METHODS[index % METHODS.length]}`);
      if (index % 5 === 4) await head(client);
      else await events(client, 1);
      if (index % 2) client.leave();
      else client.reset();
    };
    const quiet = async () => {
      await waitFor(() => running === 0 && app.streams.list().length === 0, {
        what: () => `the end of all handlers; ${running} run, ${app.streams.list().length} are listed`,
      });
      await waitFor(async () => (await sockets()) === 0, { what: "the end of all sockets" });
    };

    // What is made once and kept comes with the first few.
    for (let index = 0; index < 8; index++) await visit(index);
    await quiet();
    await held.gone({ most: 8 });
    const before = {
      resources: activeResources(),
      server: listenerCounts(app.server),
      process: listenerCounts(process),
      source: listenerCounts(source),
    };

    held = new Collectables();
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 10 }, (_, index) => visit(batch * 10 + index)));
    }
    await quiet();
    expect(held.added).toBeGreaterThanOrEqual(200);

    expect(listenerCounts(app.server)).toEqual(before.server);
    expect(listenerCounts(process)).toEqual(before.process);
    expect(listenerCounts(source)).toEqual(before.source);
    const grown = () => {
      const now = activeResources();
      return Object.keys(now).filter((kind) => now[kind]! > (before.resources[kind] ?? 0) + 2);
    };
    await waitFor(() => grown().length === 0, {
      what: () => `no more resources than before: ${JSON.stringify([before.resources, activeResources()])}`,
    });
    // A handful may still sit in a register or a cache; a leak keeps them all.
    await held.gone({ most: 12 });
  });
});
