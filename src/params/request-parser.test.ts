import { describe, expect, test } from "vitest";
import { z } from "zod";
import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { InvalidParametersError } from "../errors/http-errors.ts";
import { createRequestParser } from "./request-parser.ts";
import type { MethodDescription, TypeDescription } from "./types.ts";

const CONTEXT = { isContext: true };
const endpoint = "ThingModel.take";

const parse = (schema: z.ZodType, value: unknown, source: "query" | "body" = "query"): unknown => {
  const parser = createRequestParser({ endpoint, parameters: z.object({ value: schema }), source });
  return parser.parse(value === undefined ? {} : { value })["value"];
};
const issuesOf = (run: () => unknown): { path: (string | number)[]; message: string }[] => {
  try {
    run();
  } catch (error) {
    if (error instanceof InvalidParametersError)
      return error.issues.map(({ path, message }) => ({ path, message }));
    throw error;
  }
  return [];
};
const described = (type: TypeDescription, value: unknown, source: "query" | "body" = "query"): unknown => {
  const parameters: MethodDescription = { parameters: [{ name: "value", type }] };
  return createRequestParser({ endpoint, parameters, source }).parse({ value })["value"];
};

const Tree: z.ZodType = z.lazy(() => z.object({ at: z.date(), children: z.array(Tree) }));
const union = z.union([z.string(), z.number(), z.boolean(), z.date(), z.null()]);

describe("a query's text becomes what the schema asks for", () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    ["number", z.number(), "5", 5],
    ["a wrapped number", z.number().optional().default(3).readonly(), "5", 5],
    ["a branded number", z.number().brand("Id"), "5", 5],
    ["a piped number", z.number().transform((n) => n * 2), "5", 10],
    ["a prefault", z.number().prefault(7), undefined, 7],
    ["nonoptional", z.number().optional().nonoptional(), "5", 5],
    ["a lazy date", z.lazy(() => z.date()), "0", new Date(0)],
    ["coerced number", z.coerce.number(), "0x10", 16],
    ["coerced boolean", z.coerce.boolean(), "false", false],
    ["coerced date", z.coerce.date(), "Jan 2 2026 UTC", new Date("2026-01-02")],
    ["text schemas stay text", z.coerce.string(), "5", "5"],
    ["preprocess gets the raw text", z.preprocess((v) => `${String(v)}!`, z.string()), "5", "5!"],
    ["stringbool", z.stringbool(), "yes", true],
    ["a codec", z.codec(z.string(), z.number(), { decode: Number, encode: String }), "5", 5],
    ["catch", z.number().catch(9), "x", 9],
    ["boolean 1", z.boolean(), "1", true],
    ["boolean false", z.boolean(), "false", false],
    ["bigint", z.bigint(), "12345678901234567890", 12345678901234567890n],
    ["numeric literal", z.literal([1, 2]), "2", 2],
    ["boolean literal", z.literal(true), "true", true],
    ["numeric enum", z.enum({ Low: 0, High: 1 }), "0", 0],
    ["text enum", z.enum(["1", "2"]), "1", "1"],
    ["one value for an array", z.array(z.number()), "7", [7]],
    ["a repeated key for an array", z.array(z.boolean()), ["1", "false"], [true, false]],
    ["an array of arrays", z.array(z.array(z.number())), ["[1,2]", "[]"], [[1, 2], []]],
    ["a tuple", z.tuple([z.number(), z.string()]), ["1", "2"], [1, "2"]],
    ["a set", z.set(z.number()), ["1", "2", "1"], new Set([1, 2])],
    [
      "an object",
      z.object({ n: z.number(), at: z.date() }),
      '{"n":1,"at":0,"x":1}',
      { n: 1, at: new Date(0) },
    ],
    ["a record", z.record(z.string(), z.bigint()), '{"a":"5","b":6}', { a: 5n, b: 6n }],
    ["an array of objects", z.array(z.object({ at: z.date() })), ['{"at":0}'], [{ at: new Date(0) }]],
    [
      "an intersection",
      z.object({ a: z.date() }).and(z.object({ b: z.bigint() })),
      '{"a":0,"b":"1"}',
      { a: new Date(0), b: 1n },
    ],
    [
      "a recursive schema",
      Tree,
      '{"at":0,"children":[{"at":"1970-01-01","children":[]}]}',
      { at: new Date(0), children: [{ at: new Date(0), children: [] }] },
    ],
    ["null by name", z.number().nullable(), "null", null],
    ["null is text beside text", z.string().nullable(), "null", "null"],
    ["union: text", union, "abc", "abc"],
    ["union: number", union, "5", 5],
    ["union: no number", union, "05", "05"],
    ["union: 1 is no boolean beside a number", union, "1", 1],
    ["union: boolean", union, "true", true],
    ["union: a number too big stays text", union, "12345678901234567890", "12345678901234567890"],
    ["union: date", union, "2026-01-02T00:00:00.000Z", new Date("2026-01-02")],
    ["union: a year stays a number", z.union([z.number(), z.date()]), "2026", 2026],
    ["union: literal first", z.union([z.literal("5"), z.number()]), "5", "5"],
    ["union: number or boolean", z.union([z.boolean(), z.number()]), "true", true],
    ["union: one or many", z.union([z.array(z.number()), z.number()]), "5", 5],
    ["union: many", z.union([z.array(z.number()), z.number()]), ["5", "6"], [5, 6]],
    ["union: object", z.union([z.string(), z.object({ a: z.date() })]), '{"a":0}', { a: new Date(0) }],
    [
      "a discriminated union",
      z.discriminatedUnion("t", [z.object({ t: z.literal("a"), at: z.date() })]),
      '{"t":"a","at":0}',
      { t: "a", at: new Date(0) },
    ],
  ])("%s", (_name, schema, raw, value) => expect(parse(schema, raw)).toEqual(value));

  test.each<[string, z.ZodType, unknown, RegExp]>([
    ["blank number", z.number(), "", /expected a number, received ""/],
    ["blank coerced number", z.coerce.number(), " ", /expected a number/],
    ["blank coerced bigint", z.coerce.bigint(), "", /integer/],
    ["a day that a coerced date would carry over", z.coerce.date(), "2026-02-31", /date/],
    ["a repeated key", z.number(), ["1", "2"], /received 2 \(the key is repeated\)/],
    ["a repeated key for z.coerce.string()", z.coerce.string(), ["1", "2"], /repeated/],
    ["missing", z.number(), undefined, /^missing \(number\)$/],
    ["missing with z.coerce.string()", z.coerce.string(), undefined, /^missing \(string\)$/],
    ["no literal", z.literal([1, 2]), "3", /expected one of 1, 2, received "3"/],
    [
      "a union of leaves",
      z.union([z.number(), z.literal("all")]),
      "x",
      /expected a number or "all", received "x"/,
    ],
    ["no JSON", z.object({ a: z.string() }), "{", /expected an object as JSON, received "\{"/],
    ["the schema's own message", z.number({ error: "how many?" }), "x", /^how many\?$/],
    ["text at length", z.number(), "x".repeat(500), /^.{1,120}$/],
  ])("refuses %s", (_name, schema, raw, message) => {
    const issues = issuesOf(() => parse(schema, raw));
    expect(issues).toHaveLength(1);
    expect(issues[0]?.path).toEqual(["value"]);
    expect(issues[0]?.message).toMatch(message);
  });
});

describe("a JSON body needs reading for dates and bigints alone", () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    ["date", z.date(), "2026-01-02", new Date("2026-01-02")],
    ["epoch", z.date(), 0, new Date(0)],
    ["bigint text", z.bigint(), "5", 5n],
    ["bigint number", z.bigint(), 5, 5n],
    ["bigint literal", z.literal(5n), "5", 5n],
    ["text beside a date", z.union([z.string(), z.date()]), "2026", "2026"],
    [
      "a date beside text",
      z.union([z.string(), z.date()]),
      "2026-01-02T00:00:00.000Z",
      new Date("2026-01-02"),
    ],
  ])("%s", (_name, schema, raw, value) => expect(parse(schema, raw, "body")).toEqual(value));

  test.each<[string, z.ZodType, unknown]>([
    ["text for a number", z.number(), "5"],
    ["text for a boolean", z.boolean(), "true"],
    ["one value for an array", z.array(z.number()), 5],
    ["text for an object", z.object({}), "{}"],
    ["text for null", z.null(), "null"],
    ["a bigint that JSON has rounded", z.bigint(), 2 ** 53],
    ["null for an optional value", z.string().optional(), null],
  ])("refuses %s", (_name, schema, raw) =>
    expect(issuesOf(() => parse(schema, raw, "body"))).toMatchObject([{ path: ["value"] }]),
  );

  test.each([[[1]], ["text"], [5], [true]])("refuses %j for a body, without a path", (body) => {
    const parser = createRequestParser({ endpoint, parameters: z.object({}), source: "body" });
    expect(issuesOf(() => parser.parse(body))).toMatchObject([{ path: [] }]);
  });

  test.each([undefined, null, ""])("takes %j for a body without arguments", (body) => {
    const parser = createRequestParser({
      endpoint,
      parameters: z.object({ a: z.string().optional() }),
      source: "body",
    });
    expect(parser.parse(body)).toEqual({});
  });
});

test("tells all issues at once, each with its path from the parameter's name", () => {
  const parameters = z.object({
    a: z.number(),
    b: z.array(z.object({ at: z.date() })),
    c: z.string().min(3),
    d: z.bigint(),
  });
  const parser = createRequestParser({ endpoint, parameters, source: "body" });
  const issues = issuesOf(() => parser.parse({ a: "x", b: [{ at: 0 }, { at: "no" }], c: "ab" }));
  expect(issues.map(({ path }) => path)).toEqual(
    expect.arrayContaining([["a"], ["b", 1, "at"], ["c"], ["d"]]),
  );
  expect(issues).toHaveLength(4);
});

test("tells the first hundred of thousands of issues, without comparing each with all others", () => {
  const issues = issuesOf(() => parse(z.array(z.date()), Array(30_000).fill("no"), "body"));
  expect(issues).toHaveLength(101);
  expect(issues.slice(-2)).toEqual([
    {
      path: ["value", 99],
      message: 'expected a date (ISO 8601 or epoch milliseconds), received "no"',
    },
    { path: [], message: "29900 more" },
  ]);
});

test("is not reached by __proto__, constructor or unknown keys", () => {
  const parameters: MethodDescription = {
    parameters: [
      { name: "constructor", type: { kind: "string" }, optional: true },
      { name: "filter", type: { kind: "record", of: { kind: "unknown" } } },
    ],
  };
  const parser = createRequestParser({ endpoint, parameters, source: "body" });
  const values = parser.parse(
    JSON.parse('{"__proto__":{"polluted":1},"x":1,"filter":{"__proto__":{"polluted":1},"constructor":2}}'),
  );
  expect(values).toEqual({ filter: { constructor: 2 } });
  expect(parser.toArguments(values, CONTEXT)).toEqual([undefined, { constructor: 2 }]);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test("puts arguments in the order of the method, the context where it stands, undefined for what is missing", () => {
  const parameters: MethodDescription = {
    parameters: [
      { name: "a", type: { kind: "number" }, optional: true },
      { name: "ctx", context: true },
      { name: "b", type: { kind: "string" } },
      { name: "limit", type: { kind: "number" }, initializer: true },
    ],
  };
  const parser = createRequestParser({ endpoint, parameters, source: "query" });
  expect(parser.toArguments(parser.parse({ b: "x" }), CONTEXT)).toEqual([undefined, CONTEXT, "x", undefined]);
});

test("puts the context last for a zod object", () => {
  const parameters = z.object({ b: z.number(), a: z.string().default("d") });
  const parser = createRequestParser({ endpoint, parameters, source: "query" });
  expect(parser.toArguments(parser.parse({ b: "1" }), CONTEXT)).toEqual([1, "d", CONTEXT]);
});

test("a strict zod object is not offended by the query's other keys", () => {
  const parser = createRequestParser({
    endpoint,
    parameters: z.strictObject({ a: z.number() }),
    source: "query",
  });
  expect(parser.parse({ a: "1", lastEventId: "9" })).toEqual({ a: 1 });
});

test("refuses params with an async refinement when it is made", () => {
  const parameters = z.object({ name: z.string().refine(async () => true) });
  expect(() => createRequestParser({ endpoint, parameters, source: "query" })).toThrow(
    EndpointDefinitionError,
  );
  expect(() => createRequestParser({ endpoint, parameters, source: "query" })).toThrow(
    /ThingModel\.take: .*"name"/,
  );
});

describe("a described type takes its values and no others", () => {
  const cases: [TypeDescription, good: [unknown, unknown][], bad: unknown[]][] = [
    [{ kind: "string" }, [["a", "a"]], [["a", "b"]]],
    [
      { kind: "literal", values: ["a", 1, true] },
      [
        ["a", "a"],
        ["1", 1],
        ["true", true],
      ],
      ["b", "2"],
    ],
    [{ kind: "union", of: [{ kind: "string" }, { kind: "null" }] }, [["x", "x"]], []],
    [
      { kind: "union", of: [{ kind: "number" }, { kind: "null" }] },
      [
        ["null", null],
        ["3", 3],
      ],
      ["x"],
    ],
    [
      { kind: "tuple", items: [{ kind: "number" }, { kind: "date" }] },
      [
        [
          ["1", "0"],
          [1, new Date(0)],
        ],
      ],
      ["1"],
    ],
    [
      {
        kind: "object",
        properties: [{ name: "a", type: { kind: "date" }, optional: true }],
        rest: { kind: "bigint" },
      },
      [
        ['{"a":0,"b":"5"}', { a: new Date(0), b: 5n }],
        ["{}", {}],
      ],
      ['{"b":"x"}', "[]", "5"],
    ],
    [{ kind: "unknown" }, [["5", "5"]], []],
    [
      { kind: "array", of: { kind: "union", of: [{ kind: "number" }, { kind: "string" }] } },
      [
        [
          ["5", "x"],
          [5, "x"],
        ],
      ],
      [],
    ],
  ];
  for (const [type, good, bad] of cases) {
    test.each(good)(`${JSON.stringify(type)} takes %j`, (raw, value) =>
      expect(described(type, raw)).toEqual(value),
    );
    for (const raw of bad) {
      test(`${JSON.stringify(type)} refuses ${JSON.stringify(raw)}`, () =>
        expect(() => described(type, raw)).toThrow(InvalidParametersError));
    }
  }
});

describe("a schema that contains itself", () => {
  let judged = 0;
  const counted = z.number().refine(() => ++judged > 0);
  const nest = (depth: number, open: string, inside: string, close: string): string =>
    open.repeat(depth) + inside + close.repeat(depth);
  const judgementsOf = (schema: z.ZodType, text: string, source: "query" | "body"): number => {
    judged = 0;
    try {
      parse(schema, source === "body" ? JSON.parse(text) : text, source);
    } catch (error) {
      if (!(error instanceof InvalidParametersError)) throw error;
    }
    return judged;
  };

  test.each(["query", "body"] as const)(
    "is not tried option by option without a right tag (%s)",
    (source) => {
      const Rule: z.ZodType = z.lazy(() =>
        z.discriminatedUnion("op", [
          z.object({ op: z.literal("not"), of: Rule, weight: counted }),
          z.object({ op: z.literal("some"), of: Rule, weight: counted }),
          z.object({ op: z.literal("is") }),
        ]),
      );
      expect(judgementsOf(Rule, nest(5, '{"weight":1,"of":', '{"op":"is"}', "}"), source)).toBe(0);
      expect(judgementsOf(Rule, nest(5, '{"op":"some","weight":1,"of":', '{"op":"is"}', "}"), source)).toBe(
        5,
      );
    },
  );

  test("is judged no more often the deeper it goes", () => {
    const Value: z.ZodType = z.lazy(() =>
      z.union([z.string(), counted, z.array(Value), z.record(z.string(), Value)]),
    );
    const shallow = judgementsOf(Value, nest(3, '[{"a":', "1", "}]"), "body");
    expect(judgementsOf(Value, nest(30, '[{"a":', "1", "}]"), "body")).toBe(shallow);
    expect(judgementsOf(Value, nest(30, '[{"a":', "1", "}]"), "query")).toBeLessThan(2 * shallow + 3);
  });

  test("is not made anew for each value", () => {
    let made = 0;
    const List: z.ZodType = z.lazy(() => {
      made += 1;
      return z.union([z.date(), z.array(List)]);
    });
    const parser = createRequestParser({ endpoint, parameters: z.object({ value: List }), source: "body" });
    parser.parse({ value: [0] });
    const before = made;
    expect(parser.parse({ value: [[0], [[0]]] })).toEqual({ value: [[new Date(0)], [[new Date(0)]]] });
    expect(made).toBe(before);
  });

  test.each(["query", "body"] as const)("refuses what is nested too deeply for it (%s)", (source) => {
    const text = nest(100_000, "[", "", "]");
    const value: unknown = source === "body" ? JSON.parse(text) : text;
    expect(issuesOf(() => parse(z.json(), value, source))).toEqual([
      { path: [], message: "nested too deeply" },
    ]);
  });

  test("has its tag read where JSON has no form of it", () => {
    const schema = z.discriminatedUnion("v", [
      z.object({ v: z.literal(1n), at: z.date() }),
      z.object({ v: z.literal(2n), n: z.number() }),
    ]);
    expect(parse(schema, { v: "1", at: 0 }, "body")).toEqual({ v: 1n, at: new Date(0) });
    expect(parse(schema, '{"v":"2","n":5}')).toEqual({ v: 2n, n: 5 });
  });
});
