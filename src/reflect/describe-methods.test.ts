import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { ParameterDescriptionError } from "../errors/parameter-errors.ts";
import type { ParameterDescription, TypeDescription } from "../params/types.ts";
import { describeMethods, type DescriptionRequest } from "./describe-methods.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const projects: string[] = [];
afterAll(() => projects.forEach((path) => rmSync(path, { recursive: true, force: true })));

/** Makes a project that has the package and zod installed. */
function project(files: Record<string, string>): string {
  const root = mkdtempSync(join(tmpdir(), "pinestream-reflect-"));
  projects.push(root);
  mkdirSync(join(root, "node_modules"));
  symlinkSync(join(repository, "node_modules/zod"), join(root, "node_modules/zod"));
  const tsconfig = {
    compilerOptions: {
      target: "ES2022",
      lib: ["ES2022"],
      module: "NodeNext",
      types: [],
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      allowImportingTsExtensions: true,
      paths: { pinestream: [join(repository, "src/index.ts")] },
    },
  };
  const all = { "package.json": '{"type":"module"}', "tsconfig.json": JSON.stringify(tsconfig), ...files };
  for (const [name, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  return root;
}

const request = (
  file: string,
  more: Partial<DescriptionRequest> & { length: number },
): DescriptionRequest => ({
  file,
  className: "A",
  methodName: "run",
  ...more,
});

async function describeOne(file: string, more: Partial<DescriptionRequest> & { length: number }) {
  const asked = request(file, more);
  return (await describeMethods([asked])).get(asked)?.parameters;
}

const string: TypeDescription = { kind: "string" };
const number: TypeDescription = { kind: "number" };
const date: TypeDescription = { kind: "date" };
const bigint: TypeDescription = { kind: "bigint" };
const literal = (...values: (string | number | boolean)[]): TypeDescription => ({ kind: "literal", values });
const array = (of: TypeDescription): TypeDescription => ({ kind: "array", of });
const union = (...of: TypeDescription[]): TypeDescription => ({ kind: "union", of });

const header = `
  import { stream, z, type Context, type Context as Ctx } from "pinestream";
  import * as pine from "pinestream";
  import { Level, Colour, Filter, filter, type Page, type Id, type Tree, type Reexported } from "./types.ts";
  type Kind = "b" | "a"; type Local = { since: Date; kinds?: Kind[] }; type Loop = { next?: Loop };
  type Context2 = Context; class Point { x = 1; #y = 2 }
  type Generic<T> = { value: T };
  const kinds = ["x", "y"] as const;
`;
const typesFile = `
  import { z } from "zod";
  export enum Level { Low, High }
  export enum Colour { Red = "red", Blue = "blue" }
  export interface Filter { since?: Date; ids: bigint[]; }
  export const filter = z.object({ since: z.date().optional(), level: z.enum(["b", "a"]), n: z.number().min(1).default(3) });
  export type Page<T> = { items: T[]; next: string | null };
  export type Id = string & { readonly __brand: "Id" };
  export interface Tree { children: Tree[] }
  export type { Context as Reexported } from "pinestream";
`;

type Expected = Omit<Extract<ParameterDescription, { type: TypeDescription }>, "name"> | "context";
const good: [declaration: string, Expected][] = [
  ["p: string", { type: string }],
  ["p: number", { type: number }],
  ["p: boolean", { type: { kind: "boolean" } }],
  ["p: true | false", { type: { kind: "boolean" } }],
  ["p: bigint", { type: bigint }],
  ["p: Date", { type: date }],
  ["p: unknown", { type: { kind: "unknown" } }],
  ["p: 'b' | 'a'", { type: literal("a", "b") }],
  ["p: 2 | 10 | 1 | 'x'", { type: literal(1, 2, 10, "x") }],
  ["p: Kind", { type: literal("a", "b") }],
  [
    "p: Local",
    {
      type: {
        kind: "object",
        properties: [
          { name: "since", type: date },
          { name: "kinds", type: array(literal("a", "b")), optional: true },
        ],
      },
    },
  ],
  ["p: string | number", { type: union(string, number) }],
  ["p: null | string", { type: union(string, { kind: "null" }) }],
  ["p: string | undefined", { type: string, optional: true }],
  ["p?: number", { type: number, optional: true }],
  ["p?: number | null", { type: union(number, { kind: "null" }), optional: true }],
  ["p: number[]", { type: array(number) }],
  ["p: readonly Date[]", { type: array(date) }],
  ["p: ReadonlyArray<string>", { type: array(string) }],
  ["p: Array<string | bigint>", { type: array(union(string, bigint)) }],
  ["p: [number, Date]", { type: { kind: "tuple", items: [number, date] } }],
  [
    "p: { a: number; b?: string[] }",
    {
      type: {
        kind: "object",
        properties: [
          { name: "a", type: number },
          { name: "b", type: array(string), optional: true },
        ],
      },
    },
  ],
  ["p: Record<string, Date>", { type: { kind: "record", of: date } }],
  [
    "p: Record<'a' | 'b', number>",
    {
      type: {
        kind: "object",
        properties: [
          { name: "a", type: number },
          { name: "b", type: number },
        ],
      },
    },
  ],
  ["p = 5", { type: number, initializer: true }],
  ["p = -5", { type: number, initializer: true }],
  ["p = 'x'", { type: string, initializer: true }],
  ["p = true", { type: { kind: "boolean" }, initializer: true }],
  ["p = new Date()", { type: date, initializer: true }],
  ["p: Date = new Date(0)", { type: date, initializer: true }],
  ["p: Kind = 'a'", { type: literal("a", "b"), initializer: true }],
  ["p = Colour.Red", { type: literal("blue", "red"), initializer: true }],
  ["p: Level", { type: literal(0, 1) }],
  ["p: Colour", { type: literal("blue", "red") }],
  ["p: Colour.Blue", { type: literal("blue") }],
  [
    "p: Filter",
    {
      type: {
        kind: "object",
        properties: [
          { name: "since", type: date, optional: true },
          { name: "ids", type: array(bigint) },
        ],
      },
    },
  ],
  [
    "p: Page<Date>",
    {
      type: {
        kind: "object",
        properties: [
          { name: "items", type: array(date) },
          { name: "next", type: union(string, { kind: "null" }) },
        ],
      },
    },
  ],
  ["p: Generic<bigint>", { type: { kind: "object", properties: [{ name: "value", type: bigint }] } }],
  [
    "p: Partial<Pick<Filter, 'ids'>>",
    { type: { kind: "object", properties: [{ name: "ids", type: array(bigint), optional: true }] } },
  ],
  ["p: Id", { type: string }],
  ["p: (typeof kinds)[number]", { type: literal("x", "y") }],
  ["p: keyof Filter", { type: literal("ids", "since") }],
  ["p: 'a' | (string & {})", { type: string }],
  ["p: Context", "context"],
  ["p: Ctx", "context"],
  ["p: pine.Context", "context"],
  ["p: Context2", "context"],
  ["p: Reexported", "context"],
  ["p?: Context", "context"],
];

describe("a parameter is described by its declared type", () => {
  const root = project({
    "types.ts": typesFile,
    "m.ts": `${header} export class A {\n${good.map(([text], index) => `async *m${index}(${text}) {}`).join("\n")}\n
      async *input(p: z.input<typeof filter>) {} async *output(p: z.infer<typeof filter>) {} }`,
  });
  const file = join(root, "m.ts");
  const requests = good.map(([text], index) =>
    request(file, { methodName: `m${index}`, length: text.includes("=") ? 0 : 1 }),
  );
  const all = describeMethods(requests);
  test.each(good.map(([text, expected], index) => [text, expected, index] as const))(
    "%s",
    async (_text, expected, index) => {
      const parameters = (await all).get(requests[index]!)?.parameters;
      const { name, ...rest } = parameters?.[0] ?? { name: undefined };
      expect(name).toBe("p");
      expect(rest).toEqual(expected === "context" ? { context: true } : expected);
    },
  );

  test("of zod's inference, as what goes in or comes out", async () => {
    const properties = async (methodName: string) => {
      const [parameter] = (await describeOne(file, { methodName, length: 1 })) ?? [];
      const type = parameter && "type" in parameter ? parameter.type : undefined;
      return new Map(type?.kind === "object" ? type.properties.map(({ name, ...rest }) => [name, rest]) : []);
    };
    const common = { since: { type: date, optional: true }, level: { type: literal("a", "b") } };
    expect(Object.fromEntries(await properties("input"))).toEqual({
      ...common,
      n: { type: number, optional: true },
    });
    expect(Object.fromEntries(await properties("output"))).toEqual({ ...common, n: { type: number } });
  });
});

describe("what no request can carry is refused by class, method and parameter", () => {
  const refused: [declaration: string, problem: RegExp][] = [
    ["p: any", /"p": has the type any/],
    ["p", /"p": has the type any/],
    ["p: any[]", /"p\[\]": has the type any/],
    ["p: () => void", /"p": has the type \(\) => void/],
    ["p: Map<string, number>", /"p": has the type Map<string, number>/],
    ["p: Set<string>", /Set<string>/],
    ["p: RegExp", /RegExp/],
    ["p: Promise<string>", /Promise<string>/],
    ["p: Uint8Array", /Uint8Array/],
    ["p: symbol", /symbol/],
    ["p: object", /object/],
    ["p: {}", /"p": has the type \{\}/],
    ["p: never", /never/],
    ["p: Point", /"p": has the type Point/],
    ["p: { at: { f(): void } }", /"p\.at\.f"/],
    ["p: { f: () => void }", /"p\.f": has the type \(\) => void/],
    ["p: Tree", /"p\.children\[\]": the type Tree contains itself/],
    ["p: Loop", /contains itself/],
    ["p: Gone", /"p": its type cannot be resolved/],
    ["p: `a${string}`", /`a\$\{string\}`/],
    ["{ a }: { a: number }", /is destructured/],
    ["[a]: number[]", /is destructured/],
    ["...p: string[]", /is a rest parameter/],
    ["p: Date | Map<string, Date>", /Map<string, Date>/],
  ];
  const root = project({
    "types.ts": typesFile,
    "m.ts": `${header} export class A {\n${refused.map(([text], index) => `async *m${index}(${text}) {}`).join("\n")}\n
      async *generic<T>(p: T) {} async *two(p: symbol, q: Map<1, 2>, r: string) {} }`,
  });
  const file = join(root, "m.ts");
  const requests = [
    ...refused.map(([text], index) =>
      request(file, { methodName: `m${index}`, length: text.startsWith("...") ? 0 : 1 }),
    ),
    request(file, { methodName: "generic", length: 1 }),
    request(file, { methodName: "two", length: 3 }),
  ];
  const error = describeMethods(requests).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

  test.each(refused.map(([text, problem], index) => [text, problem, index] as const))(
    "%s",
    async (_text, problem, index) => {
      const thrown = await error;
      expect(thrown).toBeInstanceOf(ParameterDescriptionError);
      const line = (thrown as Error).message.split("\n").filter((each) => each.startsWith(`A.m${index}:`));
      expect(line).toHaveLength(1);
      expect(line[0]).toMatch(problem);
    },
  );

  test("a type parameter, and each of two in one method", async () => {
    const { problems } = (await error) as ParameterDescriptionError;
    const ofGeneric = problems.filter(({ endpoint }) => endpoint === "A.generic");
    expect(ofGeneric).toEqual([
      { endpoint: "A.generic", parameter: "p", problem: expect.stringMatching(/type parameter T/) },
    ]);
    expect(problems.filter(({ endpoint }) => endpoint === "A.two").map(({ parameter }) => parameter)).toEqual(
      ["p", "q"],
    );
  });
});

describe("the fast way is not fooled by shadowed names", () => {
  test.each<[string, string, RegExp | ParameterDescription[]]>([
    [
      "a local interface Date",
      "interface Date { day: number }",
      [{ name: "p", type: { kind: "object", properties: [{ name: "day", type: number }] } }],
    ],
    ["a class Date in a function", "function f() { class Date {} return Date }", [{ name: "p", type: date }]],
    ["an imported Date", 'import type { Date } from "./date.ts";', [{ name: "p", type: string }]],
  ])("%s", async (_name, text, expected) => {
    const root = project({
      "date.ts": "export type Date = string;",
      "m.ts": `${text} export class A { async *run(p: Date) {} }`,
    });
    expect(await describeOne(join(root, "m.ts"), { length: 1 })).toEqual(expected);
  });

  test("a Context of the user's own is no context", async () => {
    const root = project({
      "m.ts": "interface Context { a: number } export class A { async *run(ctx: Context) {} }",
      "n.ts":
        'import { Context } from "pinestream"; export class A { run() { type Context = { a: number }; class A { async *run(ctx: Context) {} } } }',
    });
    const own = [{ name: "ctx", type: { kind: "object", properties: [{ name: "a", type: number }] } }];
    expect(await describeOne(join(root, "m.ts"), { length: 1 })).toEqual(own);
    expect(await describeOne(join(root, "n.ts"), { length: 1 })).toEqual(own);
  });
});

describe("the right one of several methods is found", () => {
  const text = `
    function a() { class A { async *run(p: string) {} } }
    function b() { class A {
      @stream({})
      async *run(p: number) {} } }
    function c() { class A { async *run(q: bigint) {} async *run2(p: Date, q: Date) {} } }
    function d() { class A { async *run2(p: Date, q: Date) {} } }
    const B = class { async *run(p: boolean) {} };
    class C { async *only(p: Date) {} }
    class D { run(p: string): void; run(p: number): void; run(p: string | number) {} }
    export default class { async *run(p: 5) {} }`;
  const file = join(project({ "m.ts": text }), "m.ts");

  test.each<[string, Partial<DescriptionRequest>, TypeDescription]>([
    ["by the line of the method", { line: 2, parameterNames: ["p"] }, string],
    ["by the line of its decorator", { line: 4 }, number],
    ["by the names of its parameters", { parameterNames: ["q"] }, bigint],
    ["by the variable that holds the class", { className: "B" }, { kind: "boolean" }],
    ["by the method, where a subclass inherits it", { className: "Sub", methodName: "only" }, date],
    ["by its implementation, past overloads", { className: "D" }, union(string, number)],
    ["in a default export without a name", { className: "default" }, literal(5)],
  ])("%s", async (_name, more, type) => {
    expect(await describeOne(file, { length: 1, ...more })).toMatchObject([{ type }]);
  });

  test("equal ones need not be told apart", async () =>
    expect(await describeOne(file, { methodName: "run2", length: 2 })).toHaveLength(2));

  test("if they differ and nothing tells, it is refused", () =>
    expect(describeOne(file, { length: 1 })).rejects.toThrow(/A\.run: 3 methods in .* could be this one/));

  test("a method with other parameters than those that run is not taken", async () => {
    expect(await describeOne(file, { length: 2 })).toBeUndefined();
    expect(await describeOne(file, { length: 1, parameterNames: ["x"] })).toBeUndefined();
    expect(await describeOne(join(file, "../gone.ts"), { length: 1 })).toBeUndefined();
  });
});

test("ambient types of the project are found", async () => {
  const root = project({
    "m.ts": "export class A { async *run(p: Ambient) {} }",
    "ambient.d.ts": "interface Ambient { a: Date }",
  });
  expect(await describeOne(join(root, "m.ts"), { length: 1 })).toMatchObject([{ type: { kind: "object" } }]);
});

test("compiled JavaScript leads to its source, and to nothing without a map", async () => {
  const source = "export class A { async *run(p: bigint) {} }";
  const root = project({
    "src/m.ts": source,
    "dist/m.js": "export class A { async *run(p) {} }\n//# sourceMappingURL=m.js.map",
    "dist/m.js.map": JSON.stringify({ version: 3, sources: ["../src/m.ts"], names: [], mappings: "AAAA" }),
    "dist/n.js": "export class A { async *run(p) {} }",
  });
  expect(await describeOne(join(root, "dist/m.js"), { length: 1, line: 1 })).toEqual([
    { name: "p", type: bigint },
  ]);
  expect(await describeOne(join(root, "dist/n.js"), { length: 1, line: 1 })).toBeUndefined();
});

describe("the cache", () => {
  const cacheOf = (root: string): string => join(root, "node_modules/.cache/pinestream");

  test("forgets what an imported file has changed", async () => {
    const root = project({
      "m.ts": 'import type { P } from "./p.ts"; export class A { async *run(p: P) {} }',
      "p.ts": "export type P = string",
    });
    const file = join(root, "m.ts");
    expect(await describeOne(file, { length: 1 })).toEqual([{ name: "p", type: string }]);
    writeFileSync(join(root, "p.ts"), "export type P = number");
    expect(await describeOne(file, { length: 1 })).toEqual([{ name: "p", type: number }]);
  });

  test.each(["", "{", "null", "[]", '{"methods":{},"dependencies":{}}'])(
    "does not mind being %j",
    async (content) => {
      const root = project({ "m.ts": "export class A { async *run(p: string) {} }" });
      const file = join(root, "m.ts");
      await describeOne(file, { length: 1 });
      for (const name of readdirSync(cacheOf(root))) writeFileSync(join(cacheOf(root), name), content);
      expect(await describeOne(file, { length: 1 })).toEqual([{ name: "p", type: string }]);
      expect(readdirSync(cacheOf(root))).toHaveLength(1);
    },
  );

  test("does not believe descriptions that are none", async () => {
    const root = project({ "m.ts": "export class A { async *run(p: string) {} }" });
    const file = join(root, "m.ts");
    await describeOne(file, { length: 1 });
    const [name = ""] = readdirSync(cacheOf(root));
    const path = join(cacheOf(root), name);
    writeFileSync(path, readFileSync(path, "utf8").replace('"string"', '"magic"'));
    expect(await describeOne(file, { length: 1 })).toEqual([{ name: "p", type: string }]);
  });

  test("spares a second start the compiler", () => {
    const root = project({
      "m.ts": "export class A { async *run(p: Kind) {} } type Kind = Exclude<'a' | 'b', 'b'>;",
      "start.ts": `
        import Module from "node:module";
        import { describeMethods } from ${JSON.stringify(join(repository, "src/reflect/describe-methods.ts"))};
        const [[, d]] = await describeMethods([{ file: ${"import.meta.dirname"} + "/m.ts", className: "A", methodName: "run", length: 1 }]);
        const loaded = Object.keys(Module._cache).some((path) => path.includes("ts-morph"));
        console.log(JSON.stringify({ d, loaded }));`,
    });
    const start = (): unknown => {
      const tsx = join(repository, "node_modules/.bin/tsx");
      const { stdout, stderr } = spawnSync(tsx, [join(root, "start.ts")], { encoding: "utf8" });
      expect(stderr).toBe("");
      return JSON.parse(stdout);
    };
    const d = { parameters: [{ name: "p", type: literal("a") }] };
    expect(start()).toEqual({ d, loaded: true });
    expect(start()).toEqual({ d, loaded: false });
  });
});
