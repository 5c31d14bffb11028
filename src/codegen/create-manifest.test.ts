import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../cli/run.ts";
import { ManifestError } from "../errors/parameter-errors.ts";
import { generate, type GenerateOptions } from "./generate.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pinestream-codegen-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function project(name: string, files: Record<string, string>): string {
  const root = join(folder, name);
  const all = {
    "package.json": '{"type":"module"}',
    "tsconfig.json": JSON.stringify({
      compilerOptions: {
        target: "ES2022",
        module: "NodeNext",
        types: [],
        strict: true,
        noEmit: true,
        allowImportingTsExtensions: true,
        paths: { pinestream: [join(repository, "src/index.ts")] },
      },
    }),
    ...files,
  };
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

/** The manifest alone. */
async function writeManifest(options: GenerateOptions) {
  return (await generate({ ...options, clients: [] })).manifest;
}

const models = {
  "src/z.model.ts": `
    import { stream as sse, api, z, type Context } from "pinestream";
    import * as pine from "pinestream";
    import { Base as Parent } from "./base/index.ts";
    export class ZModelClass extends Parent {
      @sse({ type: "sse", events: z.object({}) })
      @api({ compress: false })
      async *watch(id: number, since: Date | undefined, ctx: Context) {}
      @pine.api() async list(limit = 10) {}
      @api({ params: z.object({ m: z.any() }) }) async known(m: Map<string, string>, ctx: Context) {}
      @other() async stranger(m: Map<string, string>) {}
      async plain(m: Map<string, string>) {}
    }
    function other() { return () => {}; }`,
  "src/base/index.ts": 'export { RealBase as Base } from "./base.ts";',
  "src/base/base.ts": `
    import { api, type Context } from "pinestream";
    export abstract class RealBase { @api({}) async inherited(at: bigint[], ctx: Context) {} @api({}) async list(q: string) {} }`,
  "src/deep/a.model.ts": `
    import { api } from "pinestream";
    export const AModel = class { @api({ httpMethod: "POST" }) async write(kind: "b" | "a") {} };
    export abstract class Open<T> { @api({}) async take(value: T) {} }`,
};

describe("generate", () => {
  const root = project("first", models);
  const expected = {
    version: 1,
    endpoints: {
      AModel: { write: { parameters: [{ name: "kind", type: { kind: "literal", values: ["a", "b"] } }] } },
      ZModelClass: {
        inherited: {
          parameters: [
            { name: "at", type: { kind: "array", of: { kind: "bigint" } } },
            { name: "ctx", context: true },
          ],
        },
        list: { parameters: [{ name: "limit", type: { kind: "number" }, initializer: true }] },
        watch: {
          parameters: [
            { name: "id", type: { kind: "number" } },
            { name: "since", type: { kind: "date" }, optional: true },
            { name: "ctx", context: true },
          ],
        },
      },
    },
  };

  test("describes the decorated methods of all models, inherited ones too, sorted by name", async () => {
    const { path, content, changed } = await writeManifest({ root });
    expect(content).toEqual(expected);
    expect(changed).toBe(true);
    expect(path).toBe(join(root, "src/pinestream.manifest.json"));
    expect(readFileSync(path, "utf8")).toBe(`${JSON.stringify(expected, undefined, 2)}\n`);
  });

  test("touches the file only when it says something new", async () => {
    const { path } = await writeManifest({ root });
    const before = statSync(path).mtimeMs;
    expect(await writeManifest({ root })).toMatchObject({ changed: false });
    expect(statSync(path).mtimeMs).toBe(before);
  });

  test("with check writes nothing, and tells whether it would", async () => {
    const manifest = "other.json";
    expect(await writeManifest({ root, manifest, check: true })).toMatchObject({ changed: true });
    expect(() => statSync(join(root, manifest))).toThrow();
    expect(await writeManifest({ root, check: true })).toMatchObject({ changed: false });
  });

  test("refuses globs that match nothing, naming them", async () => {
    await expect(writeManifest({ root, models: ["nowhere/*.ts"] })).rejects.toThrow(ManifestError);
    await expect(writeManifest({ root, models: ["nowhere/*.ts"] })).rejects.toThrow(/"nowhere\/\*\.ts"/);
  });

  test("refuses two classes of one name that differ, naming both files", async () => {
    const text = (type: string) =>
      `import { api } from "pinestream"; class A { @api({}) async m(p: ${type}) {} }`;
    const twins = project("twins", { "src/a.model.ts": text("string"), "src/b.model.ts": text("number") });
    await expect(writeManifest({ root: twins })).rejects.toThrow(
      /A\.m: src\/a\.model\.ts and src\/b\.model\.ts/,
    );
  });
});

describe("the command line", () => {
  const invoke = async (...args: string[]) => {
    const lines: string[] = [];
    const log = (message: string): void => void lines.push(message);
    return { code: await run(args, { log, error: log }), text: lines.join("\n") };
  };

  test("generates and checks", async () => {
    const root = project("cli", models);
    const args = [
      "generate",
      "--models",
      `${root}/src/**/*.model.ts`,
      "--manifest",
      join(root, "m.json"),
      "--no-client",
    ];
    expect(await invoke(...args, "--check")).toMatchObject({
      code: 1,
      text: expect.stringContaining("not up to date"),
    });
    expect(await invoke(...args)).toMatchObject({
      code: 0,
      text: expect.stringContaining("written (4 endpoints)"),
    });
    expect(await invoke(...args, "--check")).toMatchObject({
      code: 0,
      text: expect.stringContaining("is up to date"),
    });
  });

  test.each([
    [["--help"], 0, "Usage: pinestream"],
    [["generate", "--help"], 0, "Usage: pinestream"],
    [[], 2, "Usage: pinestream"],
    [["--version"], 0, "0."],
    [["genrate"], 2, 'Did you mean "generate"?'],
    [["generate", "--model", "x"], 2, 'Did you mean "--models"?'],
    [["generate", "--check=1"], 2, "--check"],
    [["generate", "stray"], 2, "stray"],
    [["generate", "--models", "/nowhere/*.ts"], 1, "/nowhere/*.ts"],
    [["migrate", "--url", ""], 2, "DATABASE_URL"],
  ])("%j gives exit code %d", async (args, code, text) => {
    const given = await invoke(...args);
    expect(given.text).toContain(text);
    expect(given.code).toBe(code);
  });
});

describe("in production", () => {
  const prod = join(folder, "prod");
  const start = `
    import { resolveParameters } from "pinestream/dist/reflect/resolve-parameters.js";
    import { createRequestParser } from "pinestream/dist/params/request-parser.js";
    const production = process.env.NODE_ENV === "production";
    const method = { className: "ZModelClass", methodName: "watch", length: 3, site: { file: new URL("z.model.js", import.meta.url).pathname, line: 1 }, ...JSON.parse(process.argv[2] ?? "{}") };
    try {
      const others = [["inherited", 2], ["list", 0]].map(([methodName, length]) => ({ className: method.className, methodName, length, parameterNames: undefined }));
      const parameters = (await resolveParameters([method, ...others], { production })).get(method);
      const parser = createRequestParser({ endpoint: "e", parameters, source: "query" });
      console.log(JSON.stringify(parser.toArguments(parser.parse({ id: "7", since: "0" }), "ctx")));
    } catch (error) { console.log(error.code, error.message); }`;
  const startWith = (method: object, env: Record<string, string> = { NODE_ENV: "production" }): string => {
    const { stdout, stderr } = spawnSync(process.execPath, ["start.js", JSON.stringify(method)], {
      cwd: prod,
      encoding: "utf8",
      env: { PATH: process.env["PATH"], ...env },
    });
    expect(stderr).toBe("");
    return stdout.trim();
  };

  beforeAll(async () => {
    const { path } = await writeManifest({ root: project("source", models) });
    mkdirSync(join(prod, "node_modules/pinestream"), { recursive: true });
    mkdirSync(join(prod, "src"));
    cpSync(path, join(prod, "src/pinestream.manifest.json"));
    cpSync(join(repository, "package.json"), join(prod, "node_modules/pinestream/package.json"));
    writeFileSync(join(prod, "package.json"), '{"type":"module"}');
    const dist = join(prod, "node_modules/pinestream/dist");
    spawnSync(
      join(repository, "node_modules/.bin/tsc"),
      ["-p", "tsconfig.build.json", "--noCheck", "--outDir", dist],
      { cwd: repository },
    );
    const installed = join(prod, "node_modules/pinestream/package.json");
    const { exports: _exports, ...rest } = JSON.parse(readFileSync(installed, "utf8")) as Record<
      string,
      unknown
    >;
    writeFileSync(installed, JSON.stringify(rest));
    symlinkSync(join(repository, "node_modules/zod"), join(prod, "node_modules/zod"));
    writeFileSync(join(prod, "z.model.js"), "export class ZModelClass { async *watch(id, since, ctx) {} }");
    writeFileSync(join(prod, "start.js"), start);
  });

  test("the manifest tells, without ts-morph and without source", () => {
    expect(startWith({})).toBe('[7,"1970-01-01T00:00:00.000Z","ctx"]');
  });

  test("and outside of it too, where there is no source", () => {
    expect(startWith({}, {})).toBe('[7,"1970-01-01T00:00:00.000Z","ctx"]');
  });

  test.each([
    [
      "a method that it does not know",
      { methodName: "watched" },
      /^PINE_MANIFEST_INVALID .*ZModelClass\.watch is no endpoint/s,
    ],
    [
      "a class that it does not know",
      { className: "New" },
      /^PINE_PARAMS_UNKNOWN New\.watch: .*npx pinestream generate/s,
    ],
    [
      "another number of arguments",
      { length: 2 },
      /^PINE_MANIFEST_INVALID .*ZModelClass\.watch takes 2 arguments.*in the manifest 3/s,
    ],
  ])("%s keeps the server from starting", (_name, method, message) => {
    expect(startWith(method)).toMatch(message);
  });
});
