// From models to a client that talks to their server, as a user would have it: installed package, own project.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ts as TypeScript } from "ts-morph";
import { beforeAll, describe, expect, test } from "vitest";
import { loadCompiler } from "../../src/reflect/compiler.ts";
import { createProgram, readSettings } from "../../src/reflect/program.ts";
import { Project } from "./project.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const FIXTURES = join(ROOT, "test/codegen/fixtures/harbour");

/** The files of the fixture, below `src/harbour`. */
function harbour(): Record<string, string> {
  const paths = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" });
  const files = paths.filter((path) => path.endsWith(".ts"));
  return Object.fromEntries(
    files.map((path) => [`src/harbour/${path}`, readFileSync(join(FIXTURES, path), "utf8")]),
  );
}

const at = "Date 2026-03-01T08:00:00.000Z";
const since = "Date 2026-05-05T05:05:05.005Z";

const EVENTS = {
  plain: {
    text: "7 a+b&c",
    count: 1,
    flag: true,
    at: since,
    big: `bigint ${2n ** 70n}`,
    nothing: null,
    any: [1],
  },
  choices: {
    side: "port",
    level: 5,
    word: "it's",
    literal: "7",
    mixed: null,
    dateOrNumber: at,
    ambiguous: "2026-03-01T08:00:00.000Z",
    code: "B-5",
  },
  absent: { nullable: null, defaulted: "none", caught: 3, stripped: "yes" },
  nested: {
    tuple: [at, "2026-03-01T08:00:00.000Z", "bigint 1", "bigint 2"],
    list: [{ at }, { at: null }],
    record: { a: at },
    byWord: { in: "bigint 1", out: "bigint 2" },
    partly: { in: "x" },
    both: { left: at, right: "bigint 3" },
    loose: { at, other: "kept" },
    "odd-key": ["a"],
    branded: "b7",
    mooring: { kind: "moored", since: at },
    plainUnion: { at },
  },
  crate: { label: "outer", packedAt: at, inside: [{ label: "inner", packedAt: at, inside: [] }] },
  chain: { weight: "bigint 1", next: { weight: "bigint 2", next: null } },
  coded: at,
  known: { size: { length: 4, at: "Date 1970-01-01T00:00:00.004Z" } },
  word: "hi",
  "two words": [1, 2],
  maybe: null,
};

const CRANE = { kind: "small", builtAt: at, weight: "40 t", path: "https://harbour.example/cranes/1" };

const RESULTS = {
  cranes: [{ ...CRANE, id: "bigint 1", helper: { ...CRANE, id: "bigint 2" } }],
  dug: {
    name: "basin",
    depth: `bigint ${2n ** 65n}`,
    dug: since,
    side: "port",
    next: { depth: `bigint ${2n ** 65n - 1n}` },
  },
  depth: "north/7 ü ft",
  cleared: "undefined",
  note: "in plain text",
  picture: "bytes",
  anything: { at: "2026-03-01T08:00:00.000Z" },
  found: { at },
  lost: "undefined",
  total: { total: 3 },
  first: null,
};

const clients: string[] = [];

describe.each([
  ["standard", {}],
  ["legacy", { experimentalDecorators: true }],
])("a project with %s decorators", (kind, compilerOptions) => {
  let project: Project;

  beforeAll(async () => {
    project = new Project(kind, harbour(), compilerOptions);
    expect(await project.generate()).toEqual({
      code: 0,
      output:
        "src/pinestream.manifest.json written (11 endpoints).\nsrc/generated/api.ts written (12 endpoints).\n",
    });
    clients.push(project.read("src/generated/api.ts"));
  }, 120_000);

  test("gets a client that compiles under the strictest settings, and refuses what is wrong", async () => {
    expect(await project.compile()).toEqual([]);
  }, 120_000);

  test("gets a client that is formatted, and has no any", async () => {
    const oxfmt = join(ROOT, "node_modules/.bin/oxfmt");
    const path = "src/generated/api.ts";
    const config = join(ROOT, ".oxfmtrc.json");
    execFileSync(oxfmt, ["--check", "-c", config, path], { cwd: project.root, stdio: "pipe" });
    expect(project.read(path).replaceAll(/^ *any: /gm, "")).not.toMatch(/\bany\b/);
  });

  test("gets a client that brings every value of every kind from its server", async () => {
    const { code, output } = await project.runScript("src/harbour/client/run.ts");
    expect({ code, output: code === 0 ? "" : output }).toEqual({ code: 0, output: "" });
    const arrived = JSON.parse(output) as unknown;
    expect(arrived).toEqual({ events: EVENTS, forecast: [{ at: since, height: 42 }], results: RESULTS });
  }, 120_000);
});

test("the client is the same under both kinds of decorators", () => {
  expect(clients).toHaveLength(2);
  expect(clients[0]).toBe(clients[1]);
});

test("what an editor shows of the client reads well", async () => {
  const project = new Project("standard", {
    "src/hover.ts": `
      import { createApi } from "./generated/api.ts";
      const api = createApi();
      const streamAll = api.berth.streamAll;
      const cranes = api.berth.cranes;
      const cleared = api.berth.clear({ _ids: [] });
      const dug = api.berth.dig({ name: "", depth: 1n, dug: new Date() });
      api.berth.streamAll({ berth: 1 }).on("crate", (crate) => void crate.packedAt);`,
  });
  const file = join(project.root, "src/hover.ts");
  const compiler = await loadCompiler();
  if (!compiler) throw new Error("ts-morph is not installed");
  const { ts } = compiler;
  const compilerOptions = readSettings(ts, file).options;
  const program = createProgram(compiler, { files: [file], compilerOptions, lean: false });
  const checker = program.getTypeChecker();
  const shown: Record<string, string> = {};
  const visit = (node: TypeScript.Node): void => {
    if ((ts.isVariableDeclaration(node) || ts.isParameter(node)) && ts.isIdentifier(node.name)) {
      shown[node.name.text] = checker.typeToString(checker.getTypeAtLocation(node));
    }
    ts.forEachChild(node, visit);
  };
  const source = program.getSourceFile(file);
  if (source) visit(source);
  expect(shown).toEqual({
    api: "Api",
    streamAll: "StreamMethod<BerthStreamAllParams, BerthStreamAllEvents>",
    cranes: "CallMethod<BerthCranesParams, Crane[]>",
    cleared: "Promise<undefined>",
    dug: "Promise<BerthDigResult>",
    crate: "BerthStreamAllCrate",
  });
}, 120_000);

test("files that are up to date are not touched", async () => {
  const project = new Project("standard", {});
  const path = join(project.root, "src/generated/api.ts");
  const { ino, mtimeMs } = statSync(path);
  expect(await project.generate()).toEqual({
    code: 0,
    output:
      "src/pinestream.manifest.json is up to date (11 endpoints).\nsrc/generated/api.ts is up to date (12 endpoints).\n",
  });
  expect(statSync(path)).toMatchObject({ ino, mtimeMs });
}, 120_000);

test("the names of files make no difference to the client", async () => {
  const renamed = new Project("renamed", {});
  const texts = Object.entries(harbour()).map(([path, text]) => [
    path.replace("models/berth", "models/z-last"),
    text.replaceAll("models/berth.model", "models/z-last.model"),
  ]);
  renamed.write(Object.fromEntries(texts) as Record<string, string>);
  expect(await renamed.generate()).toMatchObject({ code: 0 });
  expect(renamed.read("src/generated/api.ts")).toBe(clients[0]);
}, 120_000);
