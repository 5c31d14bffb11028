// A project of a user's in a temporary folder, with the package as it would be installed: built, and by its name.
import { execFile, spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** What a command has printed, and how it ended. */
export interface Outcome {
  code: number;
  output: string;
}

let installed: string | undefined;

/** Builds the package once for a test file; the folder goes when its tests are over. */
export function installPackage(): string {
  if (installed !== undefined) return installed;
  const folder = mkdtempSync(join(tmpdir(), "pinestream-generate-"));
  installed = folder;
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
    installed = undefined;
  });
  const modules = join(folder, "node_modules");
  mkdirSync(join(modules, "pinestream"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== "pinestream" && name !== ".bin")
      symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  cpSync(join(ROOT, "package.json"), join(modules, "pinestream/package.json"));
  const args = ["-p", "tsconfig.build.json", "--noCheck", "--outDir", join(modules, "pinestream/dist")];
  const { status, stdout } = spawnSync(join(ROOT, "node_modules/.bin/tsc"), args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) throw new Error(`the package does not build: ${stdout}`);
  return folder;
}

/** A project with some files, below the folder that the package is installed in. */
export class Project {
  readonly root: string;

  constructor(name: string, files: Record<string, string>, compilerOptions: object = {}) {
    this.root = join(installPackage(), name);
    const tsconfig = {
      compilerOptions: {
        target: "ES2022",
        lib: ["ES2023", "ESNext.Disposable", "ESNext.Decorators", "DOM"],
        module: "NodeNext",
        types: ["node"],
        strict: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        verbatimModuleSyntax: true,
        isolatedModules: true,
        noImplicitOverride: true,
        noPropertyAccessFromIndexSignature: true,
        noUnusedLocals: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true,
        noEmit: true,
        ...compilerOptions,
      },
      include: ["**/*.ts"],
    };
    this.write({
      "package.json": '{ "type": "module" }',
      "tsconfig.json": JSON.stringify(tsconfig),
      ...files,
    });
  }

  write(files: Record<string, string>): void {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.root, path)), { recursive: true });
      writeFileSync(join(this.root, path), text);
    }
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  /** Runs `pinestream generate` as it is installed. */
  async generate(...args: string[]): Promise<Outcome> {
    return await this.run("node_modules/pinestream/dist/cli/main.js", "generate", ...args);
  }

  /** Runs a script under tsx. */
  async runScript(path: string): Promise<Outcome> {
    return await this.run("--import", "tsx", path);
  }

  /** Gives what the compiler has to say, one complaint a line. */
  async compile(...args: string[]): Promise<string[]> {
    const { output } = await execute(
      join(ROOT, "node_modules/.bin/tsc"),
      ["-p", ".", "--pretty", "false", ...args],
      this.root,
    );
    return output.split("\n").filter((line) => line !== "");
  }

  async run(first: string, ...args: string[]): Promise<Outcome> {
    const script = first.startsWith("node_modules/") ? join(this.root, "..", first) : first;
    return await execute(process.execPath, [script, ...args], this.root);
  }
}

async function execute(command: string, args: string[], cwd: string): Promise<Outcome> {
  const env = { ...process.env, NODE_OPTIONS: "", NODE_ENV: "", VITEST: "", TSX_TSCONFIG_PATH: "" };
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args, { cwd, env, maxBuffer: 1e8 });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}
