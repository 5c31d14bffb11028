import { readFileSync } from "node:fs";
import { createServer, isPinestreamError } from "pinestream";
import { describe, expect, onTestFinished, test } from "vitest";
import { events, over } from "../helpers/stream-client.ts";
import { http1 } from "../helpers/transports.ts";
import * as legacy from "./legacy/models.ts";
import * as standard from "./standard/models.ts";

test("both kinds compile the same text", () => {
  const text = (kind: string) => readFileSync(new URL(`./${kind}/models.ts`, import.meta.url), "utf8");
  expect(text("legacy")).toBe(text("standard"));
  expect([standard.kind, legacy.kind]).toEqual(["standard", "legacy"]);
});

describe.each([
  ["standard", standard],
  ["legacy", legacy],
] as const)("%s decorators", (_kind, models) => {
  const watched: string[] = [];
  const start = (names: string[], options: object = {}) =>
    http1.serve({
      models: names.map((name) => (models as any)[name]),
      guards: { watch: (ctx: any) => watched.push(ctx.request.url) > 0 },
      ...options,
    } as any);

  for (const path of ["stream-on-top", "api-on-top", "stream-alone"]) {
    test(`${path}: options of @stream and @api add up whichever stands on top`, async () => {
      const { open, ask } = await start(["OrderModel"]);
      watched.length = 0;
      const client = open({ path: `/api/${path}`, method: "POST", body: { from: 5 } });
      expect(await events(client, 3)).toEqual([5, 6, "END"]);
      expect(watched).toEqual([`/api/${path}`]);
      expect((await ask(`/api/${path}?from=5`)).status).toBeOneOf([404, 405]);
      expect((await ask({ path: `/api/${path}`, method: "POST", body: { from: "x" } })).status).toBe(400);
    });
  }

  test("@api alone makes a JSON endpoint", async () => {
    const { ask } = await start(["OrderModel"]);
    const { status, headers, body } = await ask("/api/order/add?a=1&b=2");
    expect(status).toBe(200);
    expect(headers["content-type"]).toMatch(/^application\/json\b/);
    expect(body).toEqual({ sum: 3, url: "/api/order/add?a=1&b=2" });
    expect((await ask("/api/order/add?a=1")).body.sum).toBe(11);
  });

  test("a method without a decorator is no route", async () => {
    const { ask } = await start(["OrderModel"]);
    expect((await ask("/api/order/undecorated")).status).toBe(404);
  });

  test("routes are named after the class without its suffix, in camelCase", async () => {
    const { ask } = await start([
      "Weather",
      "HTTPStatusModelClass",
      "RoomFrame",
      "LobbyFrameClass",
      "HelperClass",
    ]);
    for (const [path, body] of [
      ["/api/weather/now", { sunny: true }],
      ["/api/room/enter", {}],
      ["/api/lobby/enter", {}],
      ["/api/helper/enter", {}],
    ] as const) {
      expect(await ask(path), path).toMatchObject({ status: 200, body });
    }
    const acronym = await Promise.all(
      ["/api/httpStatus/current", "/api/hTTPStatus/current"].map((path) => ask(path)),
    );
    expect(acronym.map((each) => each.status).toSorted()).toEqual([200, 404]);
  });

  test("instances, classes and several models are served together", async () => {
    const { ask } = await start([], { models: [new models.OrderModel(), models.Weather] });
    expect((await ask("/api/order/add?a=1&b=1")).body.sum).toBe(2);
    expect((await ask("/api/weather/now")).body).toEqual({ sunny: true });
  });

  test("a subclass serves what it inherits, under its own name", async () => {
    const { ask } = await start(["SubModel"]);
    expect((await ask("/api/sub/own")).body).toEqual({ own: true });
    expect((await ask("/api/sub/add?a=1&b=1")).body.sum).toBe(2);
    expect((await ask("/api/order/add?a=1&b=1")).status).toBe(404);
  });

  test("a served model does not change its parent's or its neighbours' routes", async () => {
    await start(["SubModel"]);
    const { ask } = await start(["OrderModel"]);
    expect((await ask("/api/order/own")).status).toBe(404);
  });

  for (const [what, { declare, says }] of Object.entries(models.refusals)) {
    test(`${what} is refused when the class is decorated or the server starts, by class and method`, async () => {
      let error: unknown;
      try {
        const Model = declare();
        const app = await createServer({ models: [Model], guards: { watch: () => true } });
        onTestFinished(async () => await app.close());
        await app.ready();
      } catch (thrown) {
        error = thrown;
      }
      expect(isPinestreamError(error), String(error)).toBe(true);
      const { message } = error as Error;
      expect(message).toMatch(/BadModel/);
      expect(message).toMatch(/\bbad\b/);
      expect(message).toMatch(says);
    });
  }

  test("an unannounced async schema is an EventValidationError at the publish", async () => {
    const { open } = await start([], { models: [models.LateModel] });
    const client = await over(open("/api/late/go"));
    expect(client.stream.dataOf("caught")).toEqual(["EventValidationError"]);
    expect(client.stream.names).toEqual(["caught", "end"]);
  });
});
