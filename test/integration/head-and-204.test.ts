import { BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { events, over } from "../helpers/stream-client.ts";
import { describeTransports } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let runs: (string | undefined)[] = [];
beforeEach(() => (runs = []));

const ticks = z.object({ tick: z.number() });

class EndModel extends BaseModel {
  @stream({ type: "sse", events: ticks, params: z.object({}) })
  async *one(ctx: Context) {
    runs.push(ctx.lastEventId);
    const sse = ctx.createSSE();
    sse.publish("tick", 1, { id: "real-1" });
    await sse.end();
  }

  @stream({ type: "sse", events: ticks, params: z.object({}) })
  async *other(ctx: Context) {
    runs.push(ctx.lastEventId);
    yield ["tick", 2];
  }

  @stream({ type: "sse", events: ticks, params: z.object({ n: z.number() }) })
  async *counted(n: number, ctx: Context) {
    runs.push(ctx.lastEventId);
    yield ["tick", n];
  }

  @stream({ type: "sse", events: ticks, params: z.object({}) })
  async *fails(ctx: Context) {
    runs.push(ctx.lastEventId);
    yield { event: "tick", data: 1, id: "real-9" };
    await new Promise((resolve) => setImmediate(resolve));
    throw new Error("on purpose");
  }

  @stream({ type: "sse", events: ticks, params: z.object({ n: z.number().optional() }), httpMethod: "POST" })
  async *posted(n: number | undefined, ctx: Context) {
    runs.push(ctx.lastEventId);
    yield ["tick", n ?? 0];
  }

  @stream({ type: "sse", events: ticks, params: z.object({}), guards: ["user"] })
  async *mine(_ctx: Context) {
    runs.push("mine");
    yield ["tick", 1];
  }
}

const withId = (path: string, id: string) => ({ path, headers: { "last-event-id": id } });
const encoded = (path: string, id: string) => `${path}?lastEventId=${encodeURIComponent(id)}`;

describeTransports("after the end", ({ name, serve }) => {
  test("F13: the next request with the id of an end gets 204 and runs no handler, by header and by query", async () => {
    const { open, ask } = await serve({ models: [EndModel] });
    const client = await over(open("/api/end/one"));
    const id = client.stream.lastEventId;
    expect(client.stream.names).toEqual(["tick", "end"]);
    for (const request of [withId("/api/end/one", id), encoded("/api/end/one", id)]) {
      const { status, text, headers } = await ask(request);
      expect(status).toBe(204);
      expect(text).toBe("");
      expect(headers["content-type"] ?? "").not.toContain("event-stream");
    }
    expect(runs).toEqual([undefined]);
  });

  test("F13: it is that endpoint alone that has ended", async () => {
    const { open, ask } = await serve({ models: [EndModel] });
    const { lastEventId } = (await over(open("/api/end/one"))).stream;
    expect((await ask(withId("/api/end/other", lastEventId))).status).toBe(200);
    // As a position it stands for the last real id before it.
    expect(runs).toEqual([undefined, "real-1"]);
  });

  test("the id of an end is taken by CORS without a preflight", async () => {
    const { open } = await serve({ models: [EndModel] });
    const { lastEventId } = (await over(open("/api/end/one"))).stream;
    // Fetch: no byte that a CORS-safelisted value forbids, 128 bytes at most.
    expect(lastEventId).toMatch(/^[\x20\x21\x23-\x27\x2a-\x39\x3b\x3d\x41-\x5a\x5e-\x7a\x7c\x7e]{1,128}$/);
  });

  test("F13: a stream that broke off has no such id, and its reconnect is served from the last real one", async () => {
    const { open } = await serve({ models: [EndModel] });
    const client = await over(open("/api/end/fails"));
    expect(client.stream.names).toEqual(["tick"]);
    expect(client.stream.lastEventId).toBe("real-9");
    await over(open(withId("/api/end/fails", "real-9")));
    expect(runs).toEqual([undefined, "real-9"]);
  });

  test("a stream of several arguments has ended for each of them on its own request", async () => {
    const { open, ask } = await serve({ models: [EndModel] });
    const { lastEventId } = (await over(open("/api/end/counted?n=1"))).stream;
    expect((await ask(withId("/api/end/counted?n=1", lastEventId))).status).toBe(204);
  });

  test("lastEventId is the header, else the query parameter, else undefined", async () => {
    const { open } = await serve({ models: [EndModel] });
    await over(open(withId("/api/end/other", "a")));
    await over(open(encoded("/api/end/other", "b")));
    await over(open({ ...withId(encoded("/api/end/other", "b"), "a") }));
    await over(open("/api/end/other"));
    await over(open({ path: "/api/end/posted?lastEventId=c", method: "POST", body: {} }));
    expect(runs).toEqual(["a", "b", "a", undefined, "c"]);
  });

  test("forged, foreign and odd ids are harmless", async () => {
    const { open } = await serve({ models: [EndModel] });
    const { lastEventId } = (await over(open("/api/end/one"))).stream;
    const odd = [
      `${lastEventId}x`,
      lastEventId.slice(0, -1),
      "~",
      "~end",
      "~end..",
      "0",
      "x".repeat(4_000),
      "%00",
      "[1]",
    ];
    for (const id of odd) {
      for (const request of [withId("/api/end/other", id), encoded("/api/end/other", `${id}\n\0ü`)]) {
        const client = await over(open(request));
        expect([200, 204, 400]).toContain(client.status);
        if (client.status === 200) expect(client.stream.names).toEqual(["tick", "end"]);
      }
    }
  });

  test("an id that is not ASCII comes back as it was given, by header in UTF-8 and by query", async () => {
    const { open } = await serve({ models: [EndModel] });
    const id = "ünï-€-😀";
    // Header bytes as a browser sends them.
    const bytes = Buffer.from(id).toString("latin1");
    await over(open(name === "HTTP/2" ? withId("/api/end/other", bytes) : withId("/api/end/other", id)));
    await over(open(encoded("/api/end/other", id)));
    expect(runs).toEqual([id, id]);
  });

  test("an id given twice or empty is harmless", async () => {
    const { open } = await serve({ models: [EndModel] });
    for (const query of ["lastEventId=a&lastEventId=b", "lastEventId=", "lastEventId", "lastEventId[a]=b"]) {
      const client = await over(open(`/api/end/other?${query}`));
      expect(client.status).toBeOneOf([200, 400]);
    }
    for (const id of runs) expect(id === undefined || typeof id === "string").toBe(true);
  });

  test("a guard goes first: nobody learns from an id what they may not see", async () => {
    const { open, ask } = await serve({
      models: [EndModel],
      authenticate: (request) => (request.headers["authorization"] ? ({ id: 1 } as any) : null),
    });
    const { lastEventId } = (await over(open({ path: "/api/end/mine", headers: { authorization: "yes" } })))
      .stream;
    expect((await ask(withId("/api/end/mine", lastEventId))).status).toBeOneOf([401, 204]);
    expect(runs).toEqual(["mine"]);
  });
});

describeTransports("HEAD", ({ serve }) => {
  test("answers the head of a GET stream and runs no handler", async () => {
    const { app, ask } = await serve({ models: [EndModel] });
    const { status, headers, text } = await ask({ path: "/api/end/one", method: "HEAD" });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/event-stream");
    expect(headers["cache-control"]).toBe("no-cache, no-transform");
    expect(headers["x-accel-buffering"]).toBe("no");
    expect(text).toBe("");
    expect(runs).toEqual([]);
    expect(app.streams.list()).toEqual([]);
  });

  test("is checked like a GET: guards and arguments", async () => {
    const { ask } = await serve({ models: [EndModel] });
    expect((await ask({ path: "/api/end/mine", method: "HEAD" })).status).toBe(401);
    expect((await ask({ path: "/api/end/counted?n=x", method: "HEAD" })).status).toBe(400);
    expect(runs).toEqual([]);
  });

  test("on a stream of another method is 404 or 405", async () => {
    const { ask } = await serve({ models: [EndModel] });
    expect((await ask({ path: "/api/end/posted", method: "HEAD" })).status).toBeOneOf([404, 405]);
  });
});

describeTransports("a POST stream", ({ serve }) => {
  test("takes its arguments from the JSON body and streams", async () => {
    const { open } = await serve({ models: [EndModel] });
    const client = open({ path: "/api/end/posted", method: "POST", body: { n: 42 } });
    expect(await events(client, 2)).toEqual([42, "END"]);
    expect(client.headers["content-type"]).toBe("text/event-stream");
  });

  test("is not there for GET", async () => {
    const { ask } = await serve({ models: [EndModel] });
    expect((await ask("/api/end/posted")).status).toBeOneOf([404, 405]);
    await waitFor(() => runs.length === 0, { what: "no run" });
  });
});
