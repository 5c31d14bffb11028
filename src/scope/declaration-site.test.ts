import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { captureDeclarationSite, type DeclarationSite } from "./declaration-site.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "pinestream-site-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const lineOf = (text: string): number =>
  readFileSync(fileURLToPath(import.meta.url), "utf8")
    .split("\n")
    .findIndex((line) => line.trim() === text) + 1;

let site: DeclarationSite | undefined;
const mark = () =>
  function apply(..._args: unknown[]): void {
    site = captureDeclarationSite(apply);
  };

test("is the decorated method under vitest", () => {
  class Marked {
    @mark()
    async *run() {} // here
  }
  expect(new Marked()).toBeDefined();
  expect(site).toMatchObject({
    file: fileURLToPath(import.meta.url),
    line: lineOf("async *run() {} // here"),
  });
});

/** The class stands on lines 3 to 7, its method on line 6. */
const text = `import { mark } from "./mark.ts";

class A {
  other() {}
  @mark
  async *run() {}
}
void A;
`;
const decorator = `import { captureDeclarationSite } from "./declaration-site.ts";
export function mark(...args: any[]): void { console.log(JSON.stringify(captureDeclarationSite(mark))); }
`;

describe.each([
  ["standard", false],
  ["legacy", true],
] as const)("with %s decorators", (name, experimentalDecorators) => {
  const root = mkdtempSync(join(folder, `${name}-`));
  const run = (command: string, ...args: string[]): DeclarationSite => {
    const { stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: "utf8" });
    expect(stderr).toBe("");
    return JSON.parse(stdout) as DeclarationSite;
  };
  const bin = (tool: string): string => join(repository, "node_modules/.bin", tool);
  writeFileSync(join(root, "package.json"), '{"type":"module"}');
  writeFileSync(
    join(root, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        target: "ES2022",
        module: "NodeNext",
        experimentalDecorators,
        sourceMap: true,
        outDir: "out",
        types: [],
        noCheck: true,
        rewriteRelativeImportExtensions: true,
      },
      files: ["a.ts"],
    }),
  );
  writeFileSync(join(root, "a.ts"), text);
  writeFileSync(join(root, "mark.ts"), decorator);
  copyFileSync(join(repository, "src/scope/declaration-site.ts"), join(root, "declaration-site.ts"));
  writeFileSync(join(root, "again.ts"), 'await import("./a.ts?t=1#x");\n');

  test("is the decorated method under tsx", () => {
    expect(run(bin("tsx"), "a.ts")).toMatchObject({ file: join(root, "a.ts"), line: 6 });
  });

  test("has no query of a loader in its path", () => {
    expect(run(bin("tsx"), "again.ts")).toMatchObject({ file: join(root, "a.ts"), line: 6 });
  });

  test("is the JavaScript of tsc, or its source with source maps", () => {
    spawnSync(bin("tsc"), ["-p", root]);
    writeFileSync(join(root, "out/package.json"), '{"type":"module"}');
    expect(run(process.execPath, "out/a.js").file).toBe(join(root, "out/a.js"));
    expect(run(process.execPath, "--enable-source-maps", "out/a.js")).toMatchObject({
      file: join(root, "a.ts"),
      line: 6,
    });
  });
});

describe("is never the cause of a failure", () => {
  test.each<[string, () => void]>([
    ["a stack limit of 0", () => (Error.stackTraceLimit = 0)],
    [
      "a prepareStackTrace that throws",
      () =>
        (Error.prepareStackTrace = () => {
          throw new Error("no");
        }),
    ],
    ["a prepareStackTrace that gives no text", () => (Error.prepareStackTrace = (_error, frames) => frames)],
  ])("%s", (_name, arrange) => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    try {
      arrange();
      const limit = Error.stackTraceLimit;
      mark()();
      expect(Error.stackTraceLimit).toBe(limit);
    } finally {
      Object.assign(Error, { stackTraceLimit, prepareStackTrace });
    }
  });
});
