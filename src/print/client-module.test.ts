import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Definition, PropertyShape, Shape } from "../shape/shape.ts";
import { toIntersection, toUnion } from "../shape/unions.ts";
import { printClientModule, type ClientEndpoint } from "./client-module.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const text: Shape = { kind: "string" };
const base = { model: "pier", httpMethod: "GET", params: [] };

function print(
  endpoints: ClientEndpoint[],
  definitions: Record<string, Definition> = {},
  printWidth = 110,
): string {
  return printClientModule({ endpoints, definitions, printWidth, defaults: {} });
}

describe("a module", () => {
  test("has documentation comments that end where they should", () => {
    const module = print([
      {
        ...base,
        method: "a",
        path: "/pier/a",
        result: text,
        description: "One */ line.\r\nAnd another.",
        deprecated: true,
      },
    ]);
    expect(module).toContain(
      "    /**\n     * One *\\/ line.\n     * And another.\n     *\n     * @deprecated\n     */\n    a: CallMethod<NoParams, string>;",
    );
  });

  test("gives each type a name of its own, also where names would clash", () => {
    const row: Shape = { kind: "object", properties: [{ name: "a", shape: text }] };
    const other: Shape = { kind: "object", properties: [{ name: "b", shape: text }] };
    const ref = (id: string): Shape => ({ kind: "ref", id });
    const module = print(
      [
        { ...base, method: "one", path: "/1", result: ref("1") },
        { ...base, method: "same", path: "/2", result: ref("2") },
        { ...base, method: "two", path: "/3", result: ref("3") },
        { ...base, method: "date", path: "/4", result: ref("4") },
        { ...base, model: "pierOne", method: "x", path: "/5", result: row },
        { ...base, method: "oneX", path: "/6", result: row },
      ],
      {
        1: { name: "Row", shape: row },
        2: { name: "Row", shape: row },
        3: { name: "Row", shape: other },
        4: { name: "Date", shape: row },
      },
    );
    expect(module).toContain("one: CallMethod<NoParams, Row>;");
    expect(module).toContain("same: CallMethod<NoParams, Row>;");
    expect(module).toContain("two: CallMethod<NoParams, Row2>;");
    expect(module).toContain("date: CallMethod<NoParams, Date2>;");
    expect(module).toContain("oneX: CallMethod<NoParams, PierOneXResult>;");
    expect(module).toContain("x: CallMethod<NoParams, PierOneXResult2>;");
    expect(module.match(/interface Row /g)).toHaveLength(1);
  });
});

/** Numbers below `bound`, the same for the same seed. */
function createChance(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * bound);
  };
}

const KEYWORDS = ["string", "number", "boolean", "date", "bigint", "null", "unknown"] as const;
const WORDS = [
  "id",
  "mooredSince",
  "aRatherLongNameForSomethingSmall",
  "odd-name",
  "it's",
  "kind",
  'say "ahoy"',
  "x",
];

function randomShape(chance: (bound: number) => number, depth: number): Shape {
  const inside = (): Shape => randomShape(chance, depth - 1);
  switch (depth > 0 ? chance(10) : chance(3)) {
    case 0:
    case 1:
      return { kind: KEYWORDS[chance(KEYWORDS.length)] ?? "string" };
    case 2:
      return { kind: "literal", value: WORDS[chance(WORDS.length)] ?? "" };
    case 3:
      return { kind: "array", of: inside(), ...(chance(3) === 0 ? { readonly: true } : {}) };
    case 4:
      return {
        kind: "tuple",
        items: [{ shape: inside() }, { shape: inside() }],
        ...(chance(2) ? { rest: inside() } : {}),
      };
    case 5:
      return { kind: "object", properties: [], rest: inside() };
    case 6:
      return toUnion(Array.from({ length: 2 + chance(4) }, inside));
    case 7:
      return toIntersection(randomObject(chance, depth - 1), randomObject(chance, depth - 1));
    default:
      return randomObject(chance, depth - 1);
  }
}

function randomObject(chance: (bound: number) => number, depth: number): Shape {
  const names = WORDS.filter(() => chance(3) === 0);
  const properties = (names.length > 0 ? names : ["id"]).map((name): PropertyShape => ({
    name,
    shape: randomShape(chance, depth),
    ...(chance(4) === 0 ? { optional: true } : {}),
    ...(chance(6) === 0 ? { description: "What it is\nfor." } : {}),
  }));
  return { kind: "object", properties, ...(chance(8) === 0 ? { rest: { kind: "unknown" } } : {}) };
}

test.each([80, 110])("whatever the types, a formatter with lines of %d changes nothing", (printWidth) => {
  const folder = mkdtempSync(join(tmpdir(), "pinestream-print-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, "src"));
  writeFileSync(join(folder, ".oxfmtrc.json"), JSON.stringify({ printWidth }));
  for (let seed = 1; seed <= 100; seed++) {
    const chance = createChance(seed);
    const endpoints = Array.from({ length: 4 }, (_, index): ClientEndpoint => {
      const method = `${["do", "streamTheThingsThatHaveLongNames"][chance(2)]}${index}`;
      const params = randomObject(chance, 2);
      const common = {
        ...base,
        method,
        path: `/pier/${method}`,
        params: params.kind === "object" ? params.properties : [],
      };
      if (chance(2)) return { ...common, result: randomShape(chance, 4) };
      const events = randomObject(chance, 4);
      return { ...common, events: events.kind === "object" ? events.properties : [] };
    });
    writeFileSync(join(folder, `src/seed-${seed}.ts`), print(endpoints, {}, printWidth));
  }
  const oxfmt = join(ROOT, "node_modules/.bin/oxfmt");
  const { stdout } = spawnSync(oxfmt, ["--list-different", "src"], { cwd: folder, encoding: "utf8" });
  expect(stdout.trim()).toBe("");
});
