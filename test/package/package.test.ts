// The package as it would be published: its tarball, unpacked into projects of their own, without the sources.
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PackedPackage, ROOT } from "./installed.ts";

let packed: PackedPackage;
const projects: Record<string, string> = {};

beforeAll(() => {
  packed = new PackedPackage();
  projects.full = packed.install("full", { withOptional: true });
  projects.lean = packed.install("lean", { withOptional: false });
}, 180_000);
afterAll(() => packed?.[Symbol.dispose]());

const run = (cwd: string, command: string, ...args: string[]) => {
  const { status, stdout, stderr } = spawnSync(command, args, {
    cwd,
    encoding: "utf8",
    env: { PATH: process.env.PATH, HOME: process.env.HOME },
    timeout: 120_000,
  });
  return { status, output: stdout + stderr };
};

/** Runs JavaScript as a module of the project, in plain Node. */
const runModule = (project: string, source: string) => {
  const file = join(project, "main.mjs");
  writeFileSync(file, source);
  return run(project, process.execPath, file);
};

// Plain JavaScript has no decorators, but a decorator is a function.
const SERVER = `
import { api, BaseModel, createServer, stream, z } from "pinestream";
const decorate = (Model, method, decorator) =>
  decorator(Model.prototype, method, Object.getOwnPropertyDescriptor(Model.prototype, method));

class HelloModel extends BaseModel {
  async *greet(name, ctx) {
    const sse = ctx.createSSE();
    sse.publish("hello", name);
    await sse.end();
  }
  async rows() {
    return await this.findMany({ num: 1 });
  }
}
decorate(HelloModel, "greet", stream({ type: "sse", events: z.object({ hello: z.string() }), params: z.object({ name: z.string() }) }));
decorate(HelloModel, "rows", api({ params: z.object({}) }));
const app = await createServer({ models: [HelloModel] });
await app.listen({ port: 0, host: "127.0.0.1" });
const url = "http://127.0.0.1:" + app.server.address().port + "/api/hello";
`;

describe("the tarball", () => {
  test("holds the build, the licence, the changelog and the readme, and nothing of tests or sources", () => {
    const outside = packed.files.filter((path) => !path.startsWith("dist/"));
    expect(outside.toSorted()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(packed.files.filter((path) => /\.test(-d)?\.|(^|\/)(test|fixtures|src)\//.test(path))).toEqual([]);
    for (const path of packed.files.filter((each) => each.startsWith("dist/")))
      expect(path).toMatch(/\.(js|d\.ts)$/);
  });

  test("every export and the bin are there, with types for each", () => {
    const { exports, bin } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const targets: string[] = Object.values(exports).flatMap((entry: any) =>
      typeof entry === "string" ? [entry] : Object.values(entry as object),
    );
    for (const target of [...targets, ...Object.values<string>(bin)]) {
      expect(packed.files).toContain(target.replace(/^\.\//, ""));
    }
    expect(readFileSync(join(projects.full!, "node_modules/pinestream", bin.pinestream), "utf8")).toMatch(
      /^#!\/usr\/bin\/env node\n/,
    );
  });

  test("every module of the build has its declarations, and no import leads out of it or to a .ts", () => {
    const files = new Set(packed.files);
    const modules = packed.files.filter((path) => path.endsWith(".js"));
    expect(modules.length).toBeGreaterThan(20);
    expect(modules.filter((path) => !files.has(path.replace(/\.js$/, ".d.ts")))).toEqual([]);
    const broken = modules.flatMap((path) => {
      const text = readFileSync(join(projects.full!, "node_modules/pinestream", path), "utf8");
      return Array.from(text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g))
        .map(([, specifier = ""]) => ({ path, specifier, target: join("/", path, "..", specifier).slice(1) }))
        .filter(({ target }) => !files.has(target));
    });
    expect(broken).toEqual([]);
  });

  test("only the brokers' own entries load the clients of Redis and NATS", () => {
    const importers = packed.files.filter((path) => {
      if (!path.endsWith(".js")) return false;
      const text = readFileSync(join(projects.full!, "node_modules/pinestream", path), "utf8");
      return /(from|import)\s*\(?\s*"(@redis|@nats-io|[./]*\/brokers\/)/.test(text);
    });
    expect(importers.length).toBeGreaterThan(1);
    for (const path of importers) expect(path).toMatch(/^dist\/brokers\/(redis|nats)\//);
  });

  test("the entry with the hooks tells React's server side that it is for clients", () => {
    const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const entry = join(projects.full!, "node_modules/pinestream", exports["./react"].default);
    expect(readFileSync(entry, "utf8")).toMatch(/^"use client";\n/);
  });

  test("publint finds nothing to say", async () => {
    const { messages } = await publint({
      pkgDir: join(projects.full!, "node_modules/pinestream"),
      strict: true,
    });
    const pkg = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  test("the types resolve wherever the JavaScript does (attw)", () => {
    const { status, output } = run(ROOT, "node_modules/.bin/attw", packed.tarball, "--profile", "esm-only");
    expect(status, output).toBe(0);
    expect(output.match(/🟢 \(ESM\)/g)).toHaveLength(7);
  });
});

describe.each(["full", "lean"])("installed with %s dependencies", (name) => {
  test("a stream runs in plain Node", () => {
    const { output, status } = runModule(
      projects[name]!,
      `${SERVER}
       console.log(JSON.stringify(await (await fetch(url + "/greet?name=Ann")).text()));
       await app.close();`,
    );
    expect(output).toContain(JSON.stringify('event: hello\ndata: "Ann"\n\n').slice(1, -1));
    expect(output).toContain("event: end\\ndata: END\\n\\n");
    expect(status).toBe(0);
  });

  test("the default export is the plugin, and pinestream/testing runs a stream without a network", () => {
    const { output, status } = runModule(
      projects[name]!,
      `import Fastify from "fastify";
       import pinestream, * as all from "pinestream";
       import * as testing from "pinestream/testing";
       const app = Fastify();
       await app.register(pinestream, { prefix: "/x", models: [] });
       await app.close();
       console.log(typeof testing.runStream, Object.keys(all).toSorted().join(" "));`,
    );
    expect(output).toMatch(/^function /);
    const promised = "BaseModel EventValidationError StreamClosedError api createServer default stream z";
    expect(output.trim().split(" ")).toEqual(expect.arrayContaining(promised.split(" ")));
    expect(status).toBe(0);
  });

  test("the command line answers --help", () => {
    const cli = join(projects[name]!, "node_modules/pinestream/dist/cli/main.js");
    const { output, status } = run(projects[name]!, process.execPath, cli, "--help");
    expect(output).toContain("generate");
    expect(status).toBe(0);
  });

  for (const [resolution, module] of [
    ["NodeNext", "NodeNext"],
    ["Bundler", "ESNext"],
  ] as const) {
    test(`the types hold under ${resolution}, library checks included`, () => {
      const project = projects[name]!;
      writeFileSync(
        join(project, "use.ts"),
        `import pinestream, { api, BaseModel, createServer, EventValidationError, stream, z } from "pinestream";
         import type { Context, SSEConnection, StreamEvent } from "pinestream";
         import { runStream } from "pinestream/testing";
         const events = z.object({ hello: z.string() });
         export class HelloModel extends BaseModel<{ id: number }> {
           @stream({ type: "sse", events })
           @api({ compress: false })
           async *greet(name: string, ctx: Context): AsyncGenerator<StreamEvent<typeof events>> {
             const sse: SSEConnection<typeof events> = ctx.createSSE(events);
             sse.publish("hello", name);
             // @ts-expect-error -- a number is no string
             sse.publish("hello", 1);
             yield ["hello", name];
             const { data } = await this.findMany({ num: 1 });
             const id: number | undefined = data[0]?.id;
             void id;
           }
         }
         export const app = createServer({ models: [HelloModel] });
         export { pinestream, EventValidationError, runStream };
        `,
      );
      writeFileSync(
        join(project, "tsconfig.json"),
        JSON.stringify({
          compilerOptions: {
            target: "ES2022",
            lib: ["ES2023", "ESNext.Disposable", "ESNext.Decorators"],
            module,
            moduleResolution: resolution,
            types: ["node"],
            strict: true,
            exactOptionalPropertyTypes: true,
            noUncheckedIndexedAccess: true,
            noEmit: true,
          },
          include: ["use.ts"],
        }),
      );
      expect(run(project, join(ROOT, "node_modules/.bin/tsc"), "-p", project)).toEqual({
        status: 0,
        output: "",
      });
    });
  }
});

describe("without the optional dependencies", () => {
  test("a query says which package to install, in the log and not to the client", () => {
    const { output } = runModule(
      projects.lean!,
      `${SERVER}
       const response = await fetch(url + "/rows");
       console.log("status", response.status, await response.text());
       await app.close();`,
    );
    expect(output).toMatch(/status 500 /);
    expect(output.split("\n").find((line) => line.startsWith("status 500"))).not.toContain("pglite");
    expect(output).toContain("@electric-sql/pglite");
  });

  test("a method without params refuses to start, by name, and says what to do", () => {
    const { output, status } = runModule(
      projects.lean!,
      SERVER.replace("params: z.object({ name: z.string() })", ""),
    );
    expect(status).not.toBe(0);
    expect(output).toContain("HelloModel.greet");
    expect(output).toMatch(/pinestream generate|ts-morph|params/);
  });
});
