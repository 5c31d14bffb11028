import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { write } from "../print/layout.ts";
import { printShape } from "../print/print-shape.ts";
import { RevivePlanner } from "../shape/revive-plan.ts";
import { loadCompiler } from "./compiler.ts";
import { EndpointTypes } from "./endpoint-types.ts";

/** A method's return type, the type that its caller gets, and the plan where there is one. */
const CASES: [returns: string, text: string, plan?: unknown][] = [
  ["Promise<string>", "string"],
  ["Promise<Date>", "Date", "date"],
  ["Promise<bigint>", "bigint", "bigint"],
  ["Promise<5n>", "5n", "bigint"],
  ["Promise<void>", "undefined"],
  ["Promise<null>", "null"],
  ["Promise<any>", "unknown"],
  ["Promise<unknown>", "unknown"],
  ["Promise<Date | undefined>", "Date | undefined", "date"],
  ["Promise<boolean | 'a' | 5>", '"a" | 5 | boolean'],
  ["Promise<`B-${number}`>", "`B-${number}`"],
  ["Promise<Uppercase<string>>", "string"],
  ["Promise<string & { __brand: 'Id' }>", "string"],
  ["Promise<Side>", '"port" | "starboard"'],
  [
    "Promise<{ a: 1; b?: Date; c: string | undefined }>",
    "{ a: 1; b?: Date; c?: string }",
    { properties: { b: "date" } },
  ],
  ["Promise<{ f: () => void; m(): void; g?: Function; a: 1 }>", "{ a: 1 }"],
  ["Promise<{ s: symbol; [Symbol.iterator]: 1; a: 1 }>", "{ a: 1 }"],
  ["Promise<(Date | undefined)[]>", "(Date | null)[]", { items: "date" }],
  ["Promise<readonly string[]>", "string[]"],
  [
    "Promise<[Date, string?, ...bigint[]]>",
    "[Date, string?, ...bigint[]]",
    { tuple: ["date", null], rest: "bigint" },
  ],
  ["Promise<Record<string, Date>>", "Record<string, Date>", { properties: {}, rest: "date" }],
  ["Promise<Record<'a' | 'b', number>>", "{ a: number; b: number }"],
  ["Promise<{ [key: number]: string }>", "Record<string, string>"],
  ["Promise<Map<string, Date> | Set<number>>", "Record<string, never>"],
  ["Promise<{ at: Date } & { b: 1 }>", "{ at: Date; b: 1 }", { properties: { at: "date" } }],
  [
    "Promise<Partial<Vessel>>",
    "{ name?: string; launchedAt?: Date; sister?: Vessel }",
    { properties: { launchedAt: "date", sister: { ref: "type" } } },
  ],
  [
    "Promise<Omit<Vessel, 'sister'>[]>",
    "{ name: string; launchedAt: Date }[]",
    { items: { properties: { launchedAt: "date" } } },
  ],
  ["Promise<Vessel>", "Vessel", { ref: "type" }],
  [
    "Promise<Page<Vessel>>",
    "{ rows: Vessel[]; next: number | null }",
    { properties: { rows: { items: { ref: "type" } } } },
  ],
  ["Promise<Money>", "string"],
  ["Promise<Berth>", "Berth"],
  ["Promise<Tree>", "Tree", { ref: "type" }],
  ["Promise<Generic<string>>", "{ value: string; deeper?: unknown }"],
  ["Promise<Error & { code: 5 }>", "{ code: 5 }"],
  ["Promise<Date | string>", "string"],
  [
    "Promise<{ t: 'a'; at: Date } | { t: 'b'; at: string }>",
    '{ t: "a"; at: Date } | { t: "b"; at: string }',
    { discriminator: "t", options: { a: { properties: { at: "date" } } } },
  ],
  ["Promise<Uint8Array>", "Blob"],
  ["Promise<{ bytes: Uint8Array }>", "{ bytes: Record<string, number> }"],
  ["PromiseLike<number>", "number"],
];

const folder = mkdtempSync(join(tmpdir(), "pinestream-json-types-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "all.model.ts");
let types: EndpointTypes;

beforeAll(async () => {
  symlinkSync(fileURLToPath(new URL("../../node_modules", import.meta.url)), join(folder, "node_modules"));
  writeFileSync(
    file,
    `enum Side { Port = "port", Starboard = "starboard" }
    interface Vessel { name: string; launchedAt: Date; sister?: Vessel; sail(): void }
    interface Page<Row> { rows: Row[]; next: number | null }
    class Money { #cents = 1n; toJSON(): string { return String(this.#cents); } }
    class Berth {
      number = 1; static count = 1; #secret = 2; private hidden = 3; protected half = 4;
      get length() { return 5; } move() { return this.#secret + this.hidden + this.half; }
    }
    type Tree = { at: Date; leaves: Tree[] };
    interface Generic<T> { value: T; deeper?: unknown }
    export class All { ${CASES.map(([returns], index) => `declare m${index}: () => ${returns};`).join("\n")} }
    export const unused = [Side, Money, Berth, {} as Page<Tree>, {} as Generic<Vessel>];`,
  );
  const compiler = await loadCompiler();
  if (!compiler) throw new Error("ts-morph is not installed");
  types = new EndpointTypes(compiler, [file], { prefix: "", lean: false });
}, 120_000);

test.each(CASES.map((each, index) => [...each, index] as const))("%s", (...all) => {
  const [, text, plan] = all;
  const shape = types.readResult(
    { file, exportName: "All", isInstance: false },
    `m${all.at(-1) as number}`,
    "Result",
  );
  const planner = new RevivePlanner(types.definitions);
  const settled = planner.settle(shape ?? { kind: "never" });
  const nameOf = (id: string): string => types.definitions[id]?.name ?? "?";
  expect(write(printShape(settled, nameOf), 1_000)).toBe(text);
  // Ids are counted; which number it is does not matter.
  const planned = JSON.stringify(planner.plan(settled) ?? null).replaceAll(/"type\d+"/g, '"type"');
  expect(JSON.parse(planned)).toEqual((typeof plan === "number" ? undefined : plan) ?? null);
});

test("of an instance its own public properties are there", () => {
  types.readResult(
    { file, exportName: "All", isInstance: false },
    `m${CASES.findIndex(([returns]) => returns === "Promise<Berth>")}`,
    "Result",
  );
  const berth = Object.values(types.definitions).find(({ name }) => name === "Berth");
  expect(berth?.shape).toEqual({
    kind: "object",
    properties: [{ name: "number", shape: { kind: "number" } }],
  });
});
