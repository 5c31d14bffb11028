// What `pinestream generate` does with a project, by its functions: outputs, configuration, and what it refuses.
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { generate } from "../../src/codegen/generate.ts";
import { readOptions, type Overrides } from "../../src/codegen/read-options.ts";
import { ConfigError, GenerateError } from "../../src/errors/generate-errors.ts";
import { Project } from "./project.ts";

const model = (name: string, method: string, options = ""): string => `
  import { api, z } from "pinestream";
  export class ${name} { @api({ params: z.object({ id: z.number() }), ${options} }) async ${method}(_id: number) { return { ${method}: 1 }; } }`;

const PIER = { "src/pier.model.ts": model("PierModel", "length") };

// Each run loads the compiler and starts a process.
vi.setConfig({ testTimeout: 120_000 });

let count = 0;
const create = (files: Record<string, string>): Project => new Project(`small-${++count}`, files);

/** As the command line does it, in the project's folder. */
async function run(project: Project, overrides: Overrides & { check?: boolean } = {}) {
  const { check, ...rest } = overrides;
  const { options } = await readOptions(rest, { cwd: project.root });
  return await generate({ ...options, check });
}

async function failure(project: Project, overrides?: Overrides): Promise<Error> {
  return await run(project, overrides).then(
    () => new Error("nothing was refused"),
    (error: Error) => error,
  );
}

describe("outputs", () => {
  test("go to the usual places without a configuration", async () => {
    const project = create(PIER);
    const generated = await run(project);
    expect(generated.manifest).toMatchObject({
      path: join(project.root, "src/pinestream.manifest.json"),
      changed: true,
    });
    expect(generated.clients).toEqual([
      { path: join(project.root, "src/generated/api.ts"), changed: true, endpoints: 1 },
    ]);
    expect(readdirSync(join(project.root, "src/generated"))).toEqual(["api.ts"]);
  });

  test("are as many as the configuration has, each with its own models and defaults", async () => {
    const project = create({
      "app/pier.model.ts": model("PierModel", "length"),
      "app/admin/crane.model.ts": model("CraneModel", "lift", 'httpMethod: "POST"'),
      "pinestream.config.ts": `
        import { defineConfig } from "pinestream";
        export default defineConfig({
          models: ["app/**/*.model.ts"],
          manifest: "out/manifest.json",
          clients: [
            { output: "out/all.ts" },
            { output: "out/admin.ts", models: "app/admin/*.ts", prefix: "/v1", baseUrl: "https://harbour.example", printWidth: 70 },
          ],
        });`,
    });
    expect((await run(project)).clients.map(({ endpoints }) => endpoints)).toEqual([2, 1]);
    expect(project.read("out/all.ts")).toContain("createClient<Api>(endpoints, options)");
    const admin = project.read("out/admin.ts");
    expect(admin).not.toContain("pier");
    expect(admin).toContain('baseUrl: "https://harbour.example",\n    prefix: "/v1",\n    ...options,');
    const lines = admin.split("\n").filter((each) => !each.startsWith("//"));
    expect(Math.max(...lines.map((each) => each.length))).toBeLessThanOrEqual(70);
    expect(existsSync(join(project.root, "out/manifest.json"))).toBe(true);
    expect(await project.compile()).toEqual([]);
  });

  test("of the command line take the configuration's place, and start from where it was called", async () => {
    const project = create({
      ...PIER,
      "config/pinestream.config.mjs":
        'export default { models: "nowhere/*.ts", clients: [{ output: "a.ts", prefix: "/v2" }, { output: "b.ts" }] };',
    });
    const generated = await run(project, {
      config: "config/pinestream.config.mjs",
      models: ["src/*.model.ts"],
      manifest: "m.json",
      clients: ["config/a.ts", "c.ts"],
    });
    expect(generated.clients.map(({ path }) => path)).toEqual([
      join(project.root, "config/a.ts"),
      join(project.root, "c.ts"),
    ]);
    expect(project.read("config/a.ts")).toContain('prefix: "/v2"');
    expect(project.read("c.ts")).not.toContain("/v2");
    expect(existsSync(join(project.root, "m.json"))).toBe(true);
  });

  test("are left alone by a check, which tells of each that is old or missing", async () => {
    const project = create(PIER);
    const first = await run(project, { check: true });
    expect([first.manifest, ...first.clients].map(({ changed }) => changed)).toEqual([true, true]);
    expect(existsSync(join(project.root, "src/generated"))).toBe(false);
    await run(project);
    const before = statSync(join(project.root, "src/generated/api.ts"));
    const second = await run(project, { check: true });
    expect([second.manifest, ...second.clients].map(({ changed }) => changed)).toEqual([false, false]);
    project.write({ "src/pier.model.ts": model("PierModel", "width") });
    const third = await run(project, { check: true });
    // Its parameters are in the schema alone.
    expect([third.manifest, ...third.clients].map(({ changed }) => changed)).toEqual([false, true]);
    expect(statSync(join(project.root, "src/generated/api.ts"))).toMatchObject({
      ino: before.ino,
      mtimeMs: before.mtimeMs,
    });
  });

  test("are made of CommonJS as well, and of a model that is exported by default", async () => {
    const project = create({
      "package.json": "{}",
      "src/pier.model.ts": model("PierModel", "length").replace("export class", "export default class"),
    });
    await run(project);
    expect(project.read("src/generated/api.ts")).toContain(
      "length: CallMethod<PierLengthParams, PierLengthResult>",
    );
  });

  test("have no client where none is wanted, and then no model runs", async () => {
    const project = create({
      "src/pier.model.ts": `${model("PierModel", "length")}\nthrow new Error("ran");`,
    });
    expect(await run(project, { clients: [] })).toMatchObject({ clients: [], manifest: { changed: true } });
  });
});

describe("a configuration is refused", () => {
  test.each([
    [
      "with an unknown option",
      "export default { clinets: [] }",
      /there is no option "clinets" \(models, manifest, clients\)\. Did you mean "clients"\?/,
    ],
    [
      "with an unknown option of a client",
      'export default { clients: [{ output: "a.ts", perfix: "/x" }] }',
      /clients\[0\]: there is no option "perfix" .* Did you mean "prefix"\?/,
    ],
    ["without an output", "export default { clients: [{}] }", /clients\[0\]\.output: /],
    ["with a value of another type", "export default { models: 5 }", /models: /],
    ["without a default export", "export const config = {}", /no default export/],
    ["with a function", "export default { clients: () => [] }", /cannot be loaded|clients/],
  ])("%s", async (_name, text, message) => {
    const project = create({ ...PIER, "pinestream.config.ts": text });
    const error = await failure(project);
    expect(error.message).toMatch(message);
    expect(error.message).toContain("pinestream.config.ts");
  });

  test("that is not there", async () => {
    const error = await failure(create(PIER), { config: "other.config.ts" });
    expect(error).toBeInstanceOf(ConfigError);
    expect(error.message).toContain('"other.config.ts"');
  });
});

describe("a project is refused, with file and reason,", () => {
  test.each<[name: string, files: Record<string, string>, message: RegExp]>([
    [
      "when a model throws",
      {
        "src/pier.model.ts": 'import "./base.ts"; export {};',
        "src/base.ts": '\nthrow new Error("no harbour");',
      },
      /^src\/pier\.model\.ts cannot be loaded: no harbour \(at src\/base\.ts:2:\d+\)/,
    ],
    [
      "when a model cannot be parsed",
      { "src/pier.model.ts": "export const = 5;" },
      /^src\/pier\.model\.ts cannot be loaded: [^]*pier\.model\.ts:1:\d+/,
    ],
    [
      "when an import is missing",
      { "src/pier.model.ts": 'import "./gone.ts";' },
      /^src\/pier\.model\.ts cannot be loaded: .*gone\.ts/,
    ],
    [
      "when a model ends the process",
      { "src/pier.model.ts": 'console.log("no DATABASE_URL"); process.exit(3);' },
      /^src\/pier\.model\.ts ended the process \(exit code 3\)[^]*It printed:\nno DATABASE_URL/,
    ],
    [
      "when a model waits for its server to listen",
      {
        "src/pier.model.ts":
          'import { once } from "node:events"; import { createServer } from "node:http"; await once(createServer().listen(0), "listening");',
      },
      /^src\/pier\.model\.ts waits for something that never comes\. It starts a server when it is imported/,
    ],
    [
      "when a declaration cannot work",
      {
        "src/pier.model.ts":
          'import { api } from "pinestream"; export class A { @api({ path: "x" }) async m() {} }',
      },
      /^src\/pier\.model\.ts: A\.m: path is "x"/,
    ],
    [
      "when a class is not exported",
      { "src/pier.model.ts": model("PierModel", "length").replace("export class", "class") },
      /^PierModel\.length in src\/pier\.model\.ts: the class is not exported/,
    ],
    [
      "when two endpoints have one name",
      {
        "src/a.model.ts": model("PierModel", "length"),
        "src/b.model.ts": model("PierFrame", "length", 'path: "/other"'),
      },
      /^PierModel\.length \(src\/a\.model\.ts\) and PierFrame\.length \(src\/b\.model\.ts\) would both be api\.pier\.length/,
    ],
  ])("%s", async (_name, files, message) => {
    const project = create(files);
    const error = await failure(project);
    expect(error).toBeInstanceOf(GenerateError);
    expect(error.message).toMatch(message);
    expect(existsSync(join(project.root, "src/generated"))).toBe(false);
    expect(existsSync(join(project.root, "src/pinestream.manifest.json"))).toBe(false);
  });

  test("but not for what a model leaves open", async () => {
    const project = create({
      "src/pier.model.ts": `import { createServer } from "node:http";
        setInterval(() => {}, 1_000); createServer().listen(0); console.log("noise"); ${model("PierModel", "length")}`,
    });
    expect((await run(project)).clients[0]?.endpoints).toBe(1);
  });
});
