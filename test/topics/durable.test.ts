// Durable streams: whoever watches may leave; only a cancel stops the work (FIELD, F41).

import { BaseModel, memoryBroker, stream, z, type Context } from "pinestream";
import { beforeEach, describe, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { events, head, over } from "../helpers/stream-client.ts";
import { http1, type Served, type ServerOptions } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

const unloading = z.object({
  crate: z.object({ number: z.number() }),
  error: z.object({ message: z.string() }),
});

interface Work {
  berth: number;
  ctx: Context;
  /** Lets the handler publish that many more crates. */
  unload(count: number): void;
  finish(): void;
  fail(error: Error): void;
  over: string | undefined;
}

let works: Work[] = [];
beforeEach(() => (works = []));

class CraneModel extends BaseModel {
  @stream({ type: "sse", events: unloading, durable: true, params: z.object({ berth: z.number() }) })
  async *unload(berth: number, ctx: Context) {
    yield* work(berth, ctx);
  }

  @stream({
    type: "sse",
    events: unloading,
    durable: true,
    httpMethod: "POST",
    params: z.object({ berth: z.number() }),
  })
  async *order(berth: number, ctx: Context) {
    yield* work(berth, ctx);
  }

  @stream({ type: "sse", events: unloading, durable: true, params: z.object({}) })
  async *refuse(ctx: Context) {
    ctx.createSSE(unloading);
    throw Object.assign(new Error("The crane is in repair."), { statusCode: 409 });
  }
}

/** A handler that does what its test tells it to. */
async function* work(berth: number, ctx: Context): AsyncGenerator<never> {
  const sse = ctx.createSSE(unloading);
  const told: (number | Error | "finish")[] = [];
  let isTold = gate();
  let number = 0;
  const tell = (what: number | Error | "finish"): void => {
    told.push(what);
    isTold.open();
  };
  const mine: Work = {
    berth,
    ctx,
    unload: tell,
    finish: () => tell("finish"),
    fail: tell,
    over: undefined,
  };
  ctx.signal.addEventListener("abort", () => tell("finish"));
  works.push(mine);
  try {
    while (!sse.closed) {
      await isTold.promise;
      isTold = gate();
      for (const what of told.splice(0)) {
        if (what === "finish") return;
        if (what instanceof Error) throw what;
        for (let count = 0; count < what; count++) sse.publish("crate", { number: ++number });
      }
    }
  } finally {
    mine.over = String(ctx.signal.aborted ? ctx.signal.reason : "done");
  }
}

const serve = (options: Partial<ServerOptions> = {}): Promise<Served> =>
  http1.serve({ models: CraneModel, ...options });

const latestId = (client: { stream: { lastEventId: string } }): string => client.stream.lastEventId;
const runOf = (id: string): string => /^run\.([\w-]{20})\./.exec(id)?.[1] ?? "";

async function workOf(berth: number): Promise<Work> {
  return await waitFor(() => works.find((each) => each.berth === berth), { what: `work at berth ${berth}` });
}

/** Opens a stream and waits until it has an id to come back with. */
async function watch(served: Served, path: string, lastEventId?: string) {
  const client = served.open({ path, ...(lastEventId && { headers: { "last-event-id": lastEventId } }) });
  await head(client);
  await waitFor(() => client.stream.lastEventId !== "" || client.over, { what: "an id" });
  return client;
}

describe("F41: a durable stream, when its client leaves", () => {
  test("runs on, and gives the client that comes again what it has missed", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    const crane = await workOf(1);
    crane.unload(2);
    await events(first, 2);
    first.leave();
    crane.unload(3);
    expect(crane.ctx.signal.aborted).toBe(false);

    const second = await watch(served, "/api/crane/unload?berth=1", latestId(first));
    expect(await events(second, 3)).toEqual([{ number: 3 }, { number: 4 }, { number: 5 }]);
    crane.finish();
    await over(second);
    expect(second.stream.events.at(-1)).toMatchObject({ event: "end", data: "END" });
    expect(works).toHaveLength(1);
    expect(crane.over).toBe("done");
  });

  test("is found again by a client that left before the first event", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=2");
    first.leave();
    const crane = await workOf(2);
    crane.unload(1);
    const second = await watch(served, "/api/crane/unload?berth=2", latestId(first));
    expect(await events(second, 1)).toEqual([{ number: 1 }]);
    expect(works).toHaveLength(1);
  });

  test("is not started by a POST that is repeated", async () => {
    const served = await serve();
    const post = { path: "/api/crane/order", method: "POST", body: { berth: 3 } };
    const first = await head(served.open(post));
    const crane = await workOf(3);
    crane.unload(1);
    await events(first, 1);
    first.leave();
    const second = served.open({ ...post, headers: { "last-event-id": latestId(first) } });
    crane.unload(1);
    expect(await events(second, 1)).toEqual([{ number: 2 }]);
    expect(works).toHaveLength(1);
  });

  test("has several viewers, each from the beginning or from where it was", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=4");
    const crane = await workOf(4);
    crane.unload(2);
    await events(first, 2);
    const path = `/api/crane/unload/${runOf(latestId(first))}`;
    expect(first.headers["pinestream-run"]).toBe(runOf(latestId(first)));
    const second = await watch(served, path);
    const third = await watch(served, path, latestId(first));
    crane.unload(1);
    expect(await events(second, 3)).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
    expect(await events(third, 1)).toEqual([{ number: 3 }]);
    crane.finish();
    for (const client of [first, second, third]) await over(client);
  });

  test("goes on, for a client that comes to another server on the same broker, and stops from a third", async () => {
    const broker = memoryBroker();
    const [one, two, three] = [await serve({ broker }), await serve({ broker }), await serve({ broker })];
    const first = await watch(one, "/api/crane/unload?berth=5");
    const crane = await workOf(5);
    first.leave();
    crane.unload(2);
    const second = await watch(two, "/api/crane/unload?berth=5", latestId(first));
    await events(second, 2);
    const run = runOf(latestId(second));
    const stopped = await three.ask({ path: `/api/crane/unload/${run}`, method: "DELETE" });
    expect(stopped.status).toBe(204);
    await waitFor(() => second.over, { what: "the viewer's end" });
    await waitFor(() => crane.over, { what: "the end of the work" });
    expect(crane.over).toBe("closed");
    expect(second.stream.events.some(({ event }) => event === "end")).toBe(false);
  });
});

describe("A durable run that is over", () => {
  test("tells a browser that comes again by 204 that it has ended", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    (await workOf(1)).finish();
    await over(first);
    const again = await served.ask({
      path: "/api/crane/unload?berth=1",
      headers: { "last-event-id": latestId(first) },
    });
    expect(again.status).toBe(204);
    expect(works).toHaveLength(1);
  });

  test("can be watched from the beginning", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    const crane = await workOf(1);
    crane.unload(3);
    crane.finish();
    await over(first);
    const again = await watch(served, `/api/crane/unload/${first.headers["pinestream-run"]}`);
    await over(again);
    expect((await events(again, 4)).slice(0, 3)).toEqual([{ number: 1 }, { number: 2 }, { number: 3 }]);
  });

  test("is 410 once all is told, where it was cancelled", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    const crane = await workOf(1);
    crane.ctx.run?.cancel();
    await waitFor(() => first.over, { what: "the viewer's end" });
    expect(first.stream.events.some(({ event }) => event === "end")).toBe(false);
    expect(crane.over).toBe("closed");
    const again = await served.ask({
      path: "/api/crane/unload?berth=1",
      headers: { "last-event-id": latestId(first) },
    });
    expect(again.status).toBe(410);
    expect(works).toHaveLength(1);
  });

  test("has told of its failure, without an end, and is 410 from then on", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    (await workOf(1)).fail(new Error("the cable broke at 4.2 t"));
    expect(await events(first, 1, "error")).toEqual([{ message: "Internal Server Error" }]);
    await waitFor(() => first.over, { what: "the viewer's end" });
    expect(first.stream.events.map(({ event }) => event)).toEqual(["error"]);
    const again = await served.ask({
      path: "/api/crane/unload?berth=1",
      headers: { "last-event-id": latestId(first) },
    });
    expect(again.status).toBe(410);
    expect(again.text).not.toContain("cable");
  });

  test("is an ordinary HTTP error where it fails before it has begun", async () => {
    const served = await serve();
    const answer = await served.ask("/api/crane/refuse");
    expect(answer.status).toBe(409);
    expect(answer.body).toMatchObject({ message: "The crane is in repair." });
    expect(served.app.runs.list()).toEqual([]);
  });

  test("tells of a gap where it had more events than are kept", async () => {
    const served = await serve({ runs: { history: 5 } });
    const first = await watch(served, "/api/crane/unload?berth=1");
    const crane = await workOf(1);
    crane.unload(20);
    await events(first, 20);
    const again = await watch(served, `/api/crane/unload/${first.headers["pinestream-run"]}`);
    const [gap, ...rest] = await events(again, 6);
    expect(gap).toMatchObject({ topic: "pinestream.runs", key: first.headers["pinestream-run"] });
    expect(rest.at(-1)).toEqual({ number: 20 });
  });
});

describe("A durable run belongs to whoever has started it", () => {
  const signedIn = (user: string) => ({ headers: { authorization: user } });
  const authenticate: ServerOptions["authenticate"] = ({ headers }) =>
    headers.authorization === undefined ? null : ({ id: headers.authorization } as never);

  test("others can neither watch nor cancel it, and learn nothing", async () => {
    const served = await serve({ authenticate });
    const mine = served.open({ path: "/api/crane/unload?berth=1", ...signedIn("ada") });
    await waitFor(() => mine.stream.lastEventId !== "", { what: "an id" });
    const crane = await workOf(1);
    crane.unload(1);
    await events(mine, 1);
    const path = `/api/crane/unload/${runOf(latestId(mine))}`;
    const unknown = await served.ask({ path: "/api/crane/unload/AAAAAAAAAAAAAAAAAAAA", ...signedIn("bob") });
    for (const stranger of [signedIn("bob"), { headers: {} as Record<string, string> }]) {
      const answers = [
        await served.ask({ path, ...stranger }),
        await served.ask({ path, method: "DELETE", ...stranger }),
        await served.ask({
          path: "/api/crane/unload?berth=1",
          headers: { ...stranger.headers, "last-event-id": latestId(mine) },
        }),
      ];
      for (const { status, text } of answers) {
        expect(status).toBe(410);
        expect(text).toBe(unknown.text);
      }
    }
    expect(works).toHaveLength(1);
    expect(crane.over).toBeUndefined();
    const stopped = await served.ask({ path, method: "DELETE", ...signedIn("ada") });
    expect(stopped.status).toBe(204);
    await waitFor(() => crane.over === "closed", { what: "the end of the work" });
  });

  test("a last event ID that is no run's starts none", async () => {
    const served = await serve();
    for (const id of ["42", "run.AAAAAAAAAAAAAAAAAAAA.n1.AAAAAAAA", "run.x.y", "~end.x.run.1"]) {
      const answer = await served.ask({
        path: "/api/crane/unload?berth=1",
        headers: { "last-event-id": id },
      });
      expect(answer.status, id).toBe(410);
    }
    expect(works).toEqual([]);
  });
});

describe("Durable runs of a server", () => {
  test("are listed, and cancelled by id", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    first.leave();
    const crane = await workOf(1);
    crane.unload(2);
    await waitFor(() => served.app.runs.list()[0]?.events === 2, { what: "two events" });
    const [run] = served.app.runs.list();
    expect(run).toMatchObject({ endpoint: "CraneModel.unload", user: null });
    expect(await served.app.runs.cancel(run?.id ?? "")).toBe(true);
    await waitFor(() => crane.over === "closed", { what: "the end of the work" });
    await waitFor(() => served.app.runs.list().length === 0, { what: "an empty list" });
    expect(await served.app.runs.cancel("AAAAAAAAAAAAAAAAAAAA")).toBe(false);
  });

  test("are refused with 503 where there are as many as may be", async () => {
    const served = await serve({ runs: { max: 1 } });
    await watch(served, "/api/crane/unload?berth=1");
    const refused = await served.ask("/api/crane/unload?berth=2");
    expect(refused.status).toBe(503);
    expect(Number(refused.headers["retry-after"])).toBeGreaterThan(0);
    expect(works).toHaveLength(1);
  });

  test("are closed with the server, which waits for their handlers", async () => {
    const served = await serve();
    const first = await watch(served, "/api/crane/unload?berth=1");
    first.leave();
    const crane = await workOf(1);
    await served.app.close();
    expect(crane.over).toBe("shutdown");
  });
});
