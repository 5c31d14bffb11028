import { describe, expect, test } from "vitest";
import { z } from "zod";
import { write } from "../print/layout.ts";
import { printShape } from "../print/print-shape.ts";
import { fillOpaque } from "./fill.ts";
import { SchemaReader, type Direction } from "./from-schema.ts";
import { RevivePlanner } from "./revive-plan.ts";
import type { Shape } from "./shape.ts";

/** Reads a schema, and gives the type's text and, of an output, its plan. */
function read(schema: z.core.$ZodType, direction: Direction): { text: string; plan: unknown } {
  const reader = new SchemaReader(direction);
  const shape = fillOpaque(reader.read(schema, "Thing"), undefined, reader.definitions);
  const planner = new RevivePlanner(reader.definitions);
  const settled = direction === "output" ? planner.settle(shape) : shape;
  const nameOf = (id: string): string => reader.definitions[id]?.name ?? "?";
  return { text: write(printShape(settled, nameOf), 1_000), plan: planner.plan(settled) };
}

/** What TypeScript makes of `enum Level { Low, High = 5 }`. */
const Level = { Low: 0, High: 5, 0: "Low", 5: "High" } as const;

const date = { at: "date" };

const Nest: z.ZodType = z.lazy(() => z.union([z.date(), z.array(Nest)]));

describe("what a client receives", () => {
  test.each<[name: string, schema: z.core.$ZodType, text: string, plan?: unknown]>([
    ["string", z.string(), "string"],
    ["string format", z.email(), "string"],
    ["checked string", z.string().min(1).trim(), "string"],
    ["number", z.number().int(), "number"],
    ["NaN, which JSON has not", z.nan(), "null"],
    ["boolean", z.boolean(), "boolean"],
    ["date", z.date(), "Date", "date"],
    ["bigint", z.int64(), "bigint", "bigint"],
    ["null", z.null(), "null"],
    ["any", z.any(), "unknown"],
    ["unknown", z.unknown(), "unknown"],
    ["never", z.never(), "never"],
    ["literal", z.literal("a"), '"a"'],
    ["quotes in a literal", z.literal('say "ahoy"'), "'say \"ahoy\"'"],
    ["several literals", z.literal([1, "a", false, null]), '1 | "a" | false | null'],
    ["bigint literal", z.literal(5n), "5n", "bigint"],
    ["enum", z.enum(["a", "b"]), '"a" | "b"'],
    ["enum of TypeScript", z.enum(Level), "0 | 5"],
    ["boolean by halves", z.union([z.literal(true), z.literal(false)]), "boolean"],
    ["template", z.templateLiteral(["B-", z.number(), z.enum(["x", "y"])]), '`B-${number}${"x" | "y"}`'],
    ["array", z.array(z.date()), "Date[]", { items: "date" }],
    ["array of a union", z.array(z.union([z.number(), z.null()])), "(number | null)[]"],
    ["undefined in an array", z.array(z.string().optional()), "(string | null)[]"],
    ["tuple", z.tuple([z.date(), z.string()]), "[Date, string]", { tuple: ["date"] }],
    [
      "tuple with more",
      z.tuple([z.string()], z.date()),
      "[string, ...Date[]]",
      { tuple: [null], rest: "date" },
    ],
    ["tuple that may end early", z.tuple([z.string(), z.number().optional()]), "[string, number?]"],
    ["object", z.object({ at: z.date(), n: z.number() }), "{ at: Date; n: number }", { properties: date }],
    ["empty object", z.object({}), "Record<string, never>"],
    [
      "odd names",
      z.object({ "a-b": z.string(), $c: z.string(), 1: z.null() }),
      '{ "1": null; "a-b": string; $c: string }',
    ],
    ["optional property", z.object({ at: z.date().optional() }), "{ at?: Date }", { properties: date }],
    [
      "default",
      z.object({ a: z.string().default("x"), b: z.string().prefault("y") }),
      "{ a: string; b: string }",
    ],
    ["nullish", z.object({ at: z.date().nullish() }), "{ at?: Date | null }", { properties: date }],
    ["catch", z.object({ at: z.date().catch(new Date()) }), "{ at: Date }", { properties: date }],
    ["nonoptional", z.object({ a: z.string().optional().nonoptional() }), "{ a: string }"],
    ["function, which is not sent", z.object({ a: z.string(), f: z.function().optional() }), "{ a: string }"],
    ["strict object", z.strictObject({ a: z.string() }), "{ a: string }"],
    [
      "loose object",
      z.looseObject({ at: z.date() }),
      "{ at: Date; [key: string]: unknown }",
      { properties: date },
    ],
    [
      "catchall",
      z.object({ a: z.number() }).catchall(z.date()),
      "{ a: number } & Record<string, Date>",
      { properties: { a: null }, rest: "date" },
    ],
    [
      "record",
      z.record(z.string(), z.bigint()),
      "Record<string, bigint>",
      { properties: {}, rest: "bigint" },
    ],
    [
      "record of numbers",
      z.record(z.number(), z.object({ a: z.string() })),
      "{ [key: string]: { a: string } }",
    ],
    [
      "record by an enum",
      z.record(z.enum(["a", "b"]), z.date()),
      "{ a: Date; b: Date }",
      { properties: { a: "date", b: "date" } },
    ],
    [
      "record by an enum whose names are changed",
      z.record(z.enum(["a", "b"]).pipe(z.transform((key) => key.toUpperCase())), z.date()),
      "Record<string, Date>",
      { properties: {}, rest: "date" },
    ],
    ["partial record", z.partialRecord(z.enum(["a", "b"]), z.null()), "{ a?: null; b?: null }"],
    [
      "map and set, which JSON shows as nothing",
      z.array(z.union([z.map(z.string(), z.date()), z.set(z.date())])),
      "Record<string, never>[]",
    ],
    [
      "intersection",
      z.intersection(z.object({ at: z.date() }), z.object({ b: z.string() })),
      "{ at: Date; b: string }",
      { properties: date },
    ],
    [
      "intersection with a name in common",
      z.intersection(z.object({ at: z.date() }), z.object({ at: z.date(), big: z.bigint() })),
      "{ at: Date } & { at: Date; big: bigint }",
      { anyOf: [{ properties: date }, { properties: { at: "date", big: "bigint" } }] },
    ],
    ["brand", z.string().brand<"Id">(), "string"],
    ["readonly array", z.array(z.string()).readonly(), "readonly string[]"],
    ["readonly object", z.object({ a: z.string() }).readonly(), "{ readonly a: string }"],
    ["refined", z.date().refine(() => true), "Date", "date"],
    ["transformed", z.string().transform((text) => text.length), "unknown"],
    ["transformed and checked", z.string().transform(Number).pipe(z.number()), "number"],
    [
      "codec",
      z.codec(z.string(), z.date(), { decode: (text) => new Date(text), encode: String }),
      "Date",
      "date",
    ],
    ["preprocessed", z.preprocess(String, z.string()), "string"],
    ["stringbool", z.stringbool(), "boolean"],
    ["custom", z.custom<string>(), "unknown"],
    ["lazy", z.lazy(() => z.date()), "Date", "date"],
    ["success", z.success(z.string()), "boolean"],
  ])("%s", (_name, schema, text, plan) => {
    expect(read(schema, "output")).toEqual({ text, plan });
  });

  test.each<[name: string, schema: z.core.$ZodType, text: string, plan?: unknown]>([
    ["a date or a number", z.union([z.date(), z.number()]), "Date | number", "date"],
    ["a date or null", z.union([z.null(), z.date()]), "Date | null", "date"],
    ["a date or a string: nobody can tell", z.union([z.date(), z.string()]), "string"],
    ["a date or a word: nobody can tell", z.union([z.date(), z.literal("now")]), 'string | "now"'],
    ["a date or a bigint: nobody can tell", z.union([z.date(), z.bigint()]), "string"],
    [
      "a date or an object or an array",
      z.union([z.date(), z.object({ at: z.date() }), z.array(z.bigint())]),
      "Date | { at: Date } | bigint[]",
      { anyOf: ["date", { items: "bigint" }, { properties: date }] },
    ],
    [
      "discriminated",
      z.discriminatedUnion("kind", [
        z.object({ kind: z.literal(["a", "b"]), at: z.date() }),
        z.object({ kind: z.literal(1), at: z.string() }),
        z.object({ kind: z.literal(true), at: z.bigint() }),
      ]),
      '{ kind: "a" | "b"; at: Date } | { kind: 1; at: string } | { kind: true; at: bigint }',
      {
        discriminator: "kind",
        options: {
          a: { properties: date },
          b: { properties: date },
          true: { properties: { at: "bigint" } },
        },
      },
    ],
    [
      "discriminated without being called so",
      z.union([z.object({ t: z.literal(1), at: z.date() }), z.object({ t: z.literal(2), at: z.string() })]),
      "{ t: 1; at: Date } | { t: 2; at: string }",
      { discriminator: "t", options: { 1: { properties: date } } },
    ],
    [
      "objects that agree",
      z.union([z.object({ at: z.date() }), z.object({ b: z.bigint(), at: z.date().nullable() })]),
      "{ at: Date } | { b: bigint; at: Date | null }",
      { properties: { at: "date", b: "bigint" } },
    ],
    [
      "objects that don't: nobody can tell",
      z.union([z.object({ at: z.date(), b: z.bigint() }), z.object({ at: z.string() })]),
      "{ at: string; b: string } | { at: string }",
    ],
    [
      "arrays that agree",
      z.union([z.array(z.date()), z.array(z.number())]),
      "Date[] | number[]",
      { items: "date" },
    ],
    ["arrays that don't: nobody can tell", z.union([z.array(z.date()), z.array(z.string())]), "string[]"],
    [
      "a string or a union with a name, of a date: nobody can tell",
      z.union([z.union([z.date(), z.number()]).meta({ id: "When" }), z.string()]),
      "string | number",
    ],
    [
      "a string or a union that contains itself, of a date: nobody can tell",
      z.union([Nest, z.string()]),
      "string | unknown[]",
    ],
    [
      "objects of which one has anything in the place of a date: nobody can tell",
      z.union([z.object({ at: z.date() }), z.object({ at: z.unknown(), b: z.number() })]),
      "{ at: string } | { at: unknown; b: number }",
    ],
    [
      "an ambiguous part inside an object leaves the rest alone",
      z.object({ at: z.date(), mixed: z.union([z.date(), z.string()]).optional() }),
      "{ at: Date; mixed?: string }",
      { properties: date },
    ],
  ])("of a union: %s", (_name, schema, text, plan) => {
    expect(read(schema, "output")).toEqual({ text, plan });
  });
});

describe("what a caller may pass", () => {
  test.each<[name: string, schema: z.core.$ZodType, text: string]>([
    ["date", z.date(), "Date"],
    ["coerced", z.coerce.number(), "number"],
    ["array", z.array(z.string()), "readonly string[]"],
    ["array of arrays", z.array(z.array(z.string())), "readonly (readonly string[])[]"],
    ["set, as an array", z.set(z.bigint()), "readonly bigint[]"],
    ["map, which no request can carry", z.map(z.string(), z.string()), "never"],
    ["optional", z.object({ a: z.string().optional() }), "{ a?: string | undefined }"],
    [
      "default",
      z.object({ a: z.number().default(1), b: z.number().prefault(2) }),
      "{ a?: number | undefined; b?: number | undefined }",
    ],
    ["catch", z.object({ a: z.number().catch(1) }), "{ a?: number | undefined }"],
    ["ahead of a transformation", z.string().transform(Number), "string"],
    ["codec", z.codec(z.string(), z.date(), { decode: (text) => new Date(text), encode: String }), "string"],
    ["preprocessed", z.preprocess(String, z.string()), "unknown"],
    ["a date or a string", z.union([z.date(), z.string()]), "Date | string"],
  ])("%s", (_name, schema, text) => {
    expect(read(schema, "input").text).toBe(text);
  });
});

describe("schemas with names", () => {
  const Crate = z.object({
    at: z.date(),
    get inside() {
      return z.array(Crate);
    },
  });
  const Link = z.object({
    get ring() {
      return Ring.optional();
    },
  });
  const Ring = z.object({
    get link() {
      return Link.nullable();
    },
  });
  const named = z.object({ big: z.bigint() }).meta({ id: "harbour-toll", description: "What it costs." });

  const readAll = (schema: z.core.$ZodType) => {
    const reader = new SchemaReader("output");
    const shape = reader.read(schema, "Thing");
    const nameOf = (id: string): string => reader.definitions[id]?.name ?? "?";
    const text = (each: Shape): string => write(printShape(each, nameOf), 1_000);
    const definitions = Object.values(reader.definitions).map(({ shape: own, ...rest }) => ({
      ...rest,
      text: text(own),
    }));
    return { text: text(shape), definitions, plan: new RevivePlanner(reader.definitions).plan(shape) };
  };

  test("one that contains itself by a getter is named after its place", () => {
    expect(readAll(z.object({ top: Crate.nullable() }))).toEqual({
      text: "{ top: ThingTop | null }",
      definitions: [{ name: "ThingTop", text: "{ at: Date; inside: ThingTop[] }" }],
      plan: { properties: { top: { ref: "output1" } } },
    });
  });

  test("two that contain each other come to an end", () => {
    expect(readAll(z.array(Link))).toEqual({
      text: "Thing[]",
      definitions: [{ name: "Thing", text: "{ ring?: { link: Thing | null } }" }],
      plan: undefined,
    });
  });

  test("one that contains itself by z.lazy is as good", () => {
    const Tree: z.ZodType = z.lazy(() => z.union([z.date(), z.array(Tree)]));
    expect(readAll(Tree)).toMatchObject({
      text: "Thing",
      definitions: [{ name: "Thing", text: "Date | Thing[]" }],
    });
  });

  test("a name is an identifier, whatever the id has in it", () => {
    expect(readAll(z.object({ big: z.bigint() }).meta({ id: "m² of ½ deck-2" })).text).toBe("MOfDeck2");
  });

  test("the name of what may be absent is that of what is there", () => {
    const maybe = z.object({ big: z.bigint() }).optional().meta({ id: "Toll" });
    expect(readAll(z.object({ list: z.array(maybe), toll: maybe }))).toMatchObject({
      text: "{ list: (Toll | null)[]; toll?: Toll }",
      definitions: [{ name: "Toll", text: "{ big: bigint }" }],
      plan: { properties: { list: { items: { properties: { big: "bigint" } } } } },
    });
  });

  test("any JSON has a type of its own", () => {
    expect(readAll(z.json()).definitions).toEqual([
      { name: "Thing", text: "string | number | boolean | Thing[] | { [key: string]: Thing } | null" },
    ]);
  });

  test("one with an id goes by it, and takes its description there", () => {
    expect(readAll(z.object({ toll: named, other: named.optional() }))).toMatchObject({
      text: "{ toll: HarbourToll; other?: HarbourToll }",
      definitions: [{ name: "HarbourToll", description: "What it costs.", text: "{ big: bigint }" }],
      plan: {
        properties: { toll: { properties: { big: "bigint" } }, other: { properties: { big: "bigint" } } },
      },
    });
  });
});

test("descriptions stay with their properties, through what wraps them", () => {
  const schema = z.object({
    plain: z.string().describe("One."),
    wrapped: z.string().describe("Two.").min(1).optional().default("x"),
    old: z.string().meta({ description: "Three.", deprecated: true }).nullable(),
    outer: z.string().describe("inner").optional().describe("Four."),
  });
  const shape = new SchemaReader("output").read(schema, "Thing");
  const properties = shape.kind === "object" ? shape.properties : [];
  expect(properties.map(({ description, deprecated }) => [description, deprecated])).toEqual([
    ["One.", undefined],
    ["Two.", undefined],
    ["Three.", true],
    ["Four.", undefined],
  ]);
});
