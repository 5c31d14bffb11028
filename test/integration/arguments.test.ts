import { api, BaseModel, stream, z, type Context } from "pinestream";
import { beforeEach, describe, expect, test } from "vitest";
import { events } from "../helpers/stream-client.ts";
import { describeTransports, http1 } from "../helpers/transports.ts";

let ran: unknown[][] = [];
beforeEach(() => (ran = []));

const Colour = { Red: "red", Blue: "blue" } as const;

/** One parameter of each kind, so that a test can ask for one at a time. */
const kinds = {
  string: z.string(),
  number: z.number(),
  integer: z.number().int(),
  boolean: z.boolean(),
  bigint: z.bigint(),
  date: z.date(),
  literal: z.literal(["asc", "desc"]),
  literals: z.literal([1, 2, 3]),
  mixed: z.union([z.literal("all"), z.number()]),
  enum: z.enum(Colour),
  strings: z.array(z.string()),
  numbers: z.array(z.number()),
  dates: z.array(z.date()),
  optional: z.number().optional(),
  nullable: z.number().nullable(),
  default: z.number().default(10),
  object: z.object({ from: z.number(), to: z.date().optional(), tags: z.array(z.string()).default([]) }),
  objects: z.array(z.object({ id: z.number() })),
  bounded: z.number().min(1).max(9),
  trimmed: z.string().trim().min(1),
};

const events_ = z.object({ args: z.any() });

class ArgumentModel extends BaseModel {
  @stream({ type: "sse", events: events_, params: z.object({ id: z.number(), name: z.string().optional() }) })
  async *two(id: number, name: string | undefined, ctx: Context) {
    ran.push([id, name, typeof ctx.createSSE]);
    yield ["args", [id, name ?? null]];
  }

  @stream({
    type: "sse",
    events: events_,
    httpMethod: "POST",
    params: z.object({ prompt: z.string(), at: z.date(), big: z.bigint().optional() }),
  })
  async *ask(prompt: string, at: Date, big: bigint | undefined, ctx: Context) {
    ran.push([prompt, at, big, ctx.params]);
    yield ["args", prompt];
  }

  @stream({ type: "sse", events: events_, httpMethod: "DELETE", params: z.object({ id: z.number() }) })
  async *remove(id: number, _ctx: Context) {
    ran.push([id]);
    yield ["args", id];
  }
}

/** A model whose method takes the one parameter `value` of that kind. */
const modelOf = (schema: z.ZodType, httpMethod: "GET" | "POST" = "GET") => {
  class ValueModel extends BaseModel {
    @api({ params: z.object({ value: schema }), httpMethod })
    async take(value: unknown, _ctx: Context) {
      ran.push([value]);
      return {};
    }
  }
  return ValueModel;
};

describe("a query's strings become what the parameter asks for", () => {
  const good: [kind: keyof typeof kinds, query: string, value: unknown][] = [
    ["string", "value=5", "5"],
    ["string", "value=", ""],
    ["string", "value=a%20b%26c", "a b&c"],
    ["string", "value=true", "true"],
    ["number", "value=5", 5],
    ["number", "value=-1.5e3", -1500],
    ["integer", "value=7", 7],
    ["boolean", "value=true", true],
    ["boolean", "value=false", false],
    ["boolean", "value=1", true],
    ["boolean", "value=0", false],
    ["bigint", "value=12345678901234567890", 12345678901234567890n],
    ["bigint", "value=-5", -5n],
    ["date", "value=2026-01-02T03:04:05.678Z", new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678))],
    ["date", "value=2026-01-02", new Date(Date.UTC(2026, 0, 2))],
    ["date", "value=1767323045678", new Date(1767323045678)],
    ["date", "value=2026-01-02T03:04:05%2B02:00", new Date(Date.UTC(2026, 0, 2, 1, 4, 5))],
    ["literal", "value=asc", "asc"],
    ["literals", "value=2", 2],
    ["mixed", "value=all", "all"],
    ["mixed", "value=7", 7],
    ["enum", "value=blue", "blue"],
    ["strings", "value=a&value=b", ["a", "b"]],
    ["strings", "value=a", ["a"]],
    ["strings", "value=a,b", ["a,b"]],
    ["numbers", "value=1&value=2", [1, 2]],
    ["numbers", "value=1", [1]],
    ["dates", "value=0&value=2026-01-02", [new Date(0), new Date(Date.UTC(2026, 0, 2))]],
    ["optional", "", undefined],
    ["optional", "value=3", 3],
    ["default", "", 10],
    ["default", "value=3", 3],
    [
      "object",
      `value=${encodeURIComponent('{"from":1,"to":"2026-01-02"}')}`,
      {
        from: 1,
        to: new Date(Date.UTC(2026, 0, 2)),
        tags: [],
      },
    ],
    [
      "objects",
      `value=${encodeURIComponent('{"id":1}')}&value=${encodeURIComponent('{"id":2}')}`,
      [{ id: 1 }, { id: 2 }],
    ],
    ["bounded", "value=9", 9],
    ["trimmed", "value=%20a%20", "a"],
  ];
  for (const [kind, query, value] of good) {
    test(`${kind}: ?${decodeURIComponent(query)}`, async () => {
      const { ask } = await http1.serve({ models: [modelOf(kinds[kind])] });
      const { status, text } = await ask(`/api/value/take?${query}`);
      expect(status, text).toBe(200);
      expect(ran).toEqual([[value]]);
    });
  }

  const bad: [kind: keyof typeof kinds, query: string, path?: (string | number)[]][] = [
    ["string", ""],
    ["string", "value=a&value=b"],
    ["number", "value=five"],
    ["number", "value="],
    ["number", "value=%20"],
    ["number", "value=1e400"],
    ["number", "value=NaN"],
    ["number", "value=0x10"],
    ["number", "value=1&value=2"],
    ["integer", "value=1.5"],
    ["boolean", "value=yes"],
    ["boolean", "value="],
    ["bigint", "value=1.5"],
    ["bigint", "value="],
    ["date", "value=yesterday"],
    ["date", "value="],
    ["date", "value=2026-13-45"],
    ["literal", "value=up"],
    ["literals", "value=4"],
    ["mixed", "value=none"],
    ["enum", "value=green"],
    ["numbers", "value=1&value=x", ["value", 1]],
    ["object", "value=%7Bnope"],
    ["object", "value=5"],
    ["object", `value=${encodeURIComponent('{"from":"x"}')}`, ["value", "from"]],
    [
      "objects",
      `value=${encodeURIComponent('{"id":1}')}&value=${encodeURIComponent('{"id":"b"}')}`,
      ["value", 1, "id"],
    ],
    ["bounded", "value=10"],
    ["trimmed", "value=%20"],
  ];
  for (const [kind, query, path = ["value"]] of bad) {
    test(`${kind}: ?${decodeURIComponent(query)} is 400 with the path, and the method is not called`, async () => {
      const { ask } = await http1.serve({ models: [modelOf(kinds[kind])] });
      const { status, body } = await ask(`/api/value/take?${query}`);
      expect(status).toBe(400);
      expect(body).toMatchObject({ statusCode: 400, error: "Bad Request", message: expect.any(String) });
      expect(body.issues.map((issue: any) => issue.path)).toContainEqual(path);
      expect(ran).toEqual([]);
    });
  }
});

describe("a JSON body's values are taken as they are", () => {
  const good: [kind: keyof typeof kinds, value: unknown, taken: unknown][] = [
    ["string", "5", "5"],
    ["number", 5, 5],
    ["boolean", false, false],
    ["bigint", "12345678901234567890", 12345678901234567890n],
    ["date", "2026-01-02T03:04:05.678Z", new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678))],
    ["date", 1767323045678, new Date(1767323045678)],
    ["nullable", null, null],
    ["strings", ["a"], ["a"]],
    ["object", { from: 1, tags: ["x"] }, { from: 1, tags: ["x"] }],
    ["objects", [{ id: 1 }], [{ id: 1 }]],
    ["default", undefined, 10],
  ];
  for (const [kind, value, taken] of good) {
    test(`${kind}: ${JSON.stringify(value)}`, async () => {
      const { ask } = await http1.serve({ models: [modelOf(kinds[kind], "POST")] });
      const { status, text } = await ask({ path: "/api/value/take", method: "POST", body: { value } });
      expect(status, text).toBe(200);
      expect(ran).toEqual([[taken]]);
    });
  }

  const bad: [kind: keyof typeof kinds, body: unknown][] = [
    ["number", { value: "x" }],
    ["string", { value: 5 }],
    ["strings", { value: "a" }],
    ["object", { value: [] }],
    ["number", {}],
    ["number", []],
    ["number", null],
    ["number", "nonsense"],
  ];
  for (const [kind, body] of bad) {
    test(`${kind}: the body ${JSON.stringify(body)} is 400`, async () => {
      const { ask } = await http1.serve({ models: [modelOf(kinds[kind], "POST")] });
      expect((await ask({ path: "/api/value/take", method: "POST", body })).status).toBe(400);
      expect(ran).toEqual([]);
    });
  }

  test("keys that could reach a prototype change nothing", async () => {
    const { ask } = await http1.serve({ models: [modelOf(kinds.object, "POST")] });
    const body =
      '{"value":{"from":1,"__proto__":{"polluted":true}},"constructor":{"prototype":{"polluted":true}}}';
    expect((await ask({ path: "/api/value/take", method: "POST", body })).status).toBeOneOf([200, 400]);
    expect(({} as any).polluted).toBeUndefined();
    expect((ran[0]?.[0] as any)?.polluted).toBeUndefined();
  });
});

describeTransports("arguments of a stream", ({ serve }) => {
  test("reach the method by name and in its order, whatever the order of the query", async () => {
    const { open } = await serve({ models: [ArgumentModel] });
    expect(await events(open("/api/argument/two?name=Ann&id=5"), 2)).toEqual([[5, "Ann"], "END"]);
    expect(await events(open("/api/argument/two?id=6"), 2)).toEqual([[6, null], "END"]);
    expect(ran).toEqual([
      [5, "Ann", "function"],
      [6, undefined, "function"],
    ]);
  });

  test("that are bad get 400 as JSON before anything opens, each issue with its path", async () => {
    const { app, ask } = await serve({ models: [ArgumentModel] });
    const { status, headers, body } = await ask("/api/argument/two?id=five&name=a&name=b");
    expect(status).toBe(400);
    expect(headers["content-type"]).toMatch(/^application\/json\b/);
    expect(Object.keys(body).toSorted()).toEqual(["error", "issues", "message", "statusCode"]);
    expect(body.issues.map((issue: any) => issue.path)).toEqual([["id"], ["name"]]);
    expect(ran).toEqual([]);
    expect(app.streams.list()).toEqual([]);
  });

  test("of a POST come from its JSON body, dates and bigints included, and are in ctx.params", async () => {
    const { open, ask } = await serve({ models: [ArgumentModel] });
    const body = { prompt: "hi", at: "2026-01-02T00:00:00.000Z", big: "7" };
    expect(await events(open({ path: "/api/argument/ask", method: "POST", body }), 2)).toEqual(["hi", "END"]);
    const params = { prompt: "hi", at: new Date(Date.UTC(2026, 0, 2)), big: 7n };
    expect(ran).toEqual([[params.prompt, params.at, params.big, params]]);
    expect((await ask({ path: "/api/argument/ask", method: "POST", body: { prompt: "hi" } })).status).toBe(
      400,
    );
    expect((await ask({ path: "/api/argument/ask", method: "POST", body: '{"prompt"' })).status).toBe(400);
  });

  test("of a DELETE come from the query", async () => {
    const { open } = await serve({ models: [ArgumentModel] });
    expect(await events(open({ path: "/api/argument/remove?id=3", method: "DELETE" }), 2)).toEqual([
      3,
      "END",
    ]);
  });

  test("the query parameter lastEventId is none of them", async () => {
    const { open } = await serve({ models: [ArgumentModel] });
    expect(await events(open("/api/argument/two?id=5&lastEventId=x"), 2)).toEqual([[5, null], "END"]);
  });
});
