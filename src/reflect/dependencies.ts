import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ts } from "ts-morph";
import type { Compiler } from "./compiler.ts";

const MODULES = "/node_modules/";

/**
 * Lists the files that the meaning of a file's types depends on: itself, the local files that it imports,
 * directly or not, and the `package.json` of every package in the program, which stands for the package.
 */
export function listDependencies(ts: Compiler, program: ts.Program, file: string): string[] {
  const found = new Set<string>([file]);
  const options = program.getCompilerOptions();
  const cache = ts.createModuleResolutionCache(dirname(file), (name) => name, options);
  // The set grows while it is walked, until every file in it has been looked at.
  for (const each of found) {
    const source = program.getSourceFile(each);
    if (!source) continue;
    const { importedFiles, referencedFiles } = ts.preProcessFile(source.text, true, true);
    for (const { fileName } of importedFiles) {
      const mode = source.impliedNodeFormat;
      const { resolvedModule } = ts.resolveModuleName(
        fileName,
        each,
        options,
        ts.sys,
        cache,
        undefined,
        mode,
      );
      const path = resolvedModule?.resolvedFileName;
      if (path !== undefined && !path.includes(MODULES)) found.add(path);
    }
    for (const { fileName } of referencedFiles) found.add(join(dirname(each), fileName));
  }
  return [...found, ...listPackages(program)];
}

/** Lists all local files of a program, and its packages. */
export function listAllDependencies(program: ts.Program): string[] {
  const files = program.getSourceFiles().map((source) => source.fileName);
  return [...files.filter((path) => !path.includes(MODULES)), ...listPackages(program)];
}

function listPackages(program: ts.Program): string[] {
  const folders = new Set<string>();
  for (const { fileName } of program.getSourceFiles()) {
    const start = fileName.lastIndexOf(MODULES);
    if (start < 0) continue;
    const [scope = "", name = ""] = fileName.slice(start + MODULES.length).split("/");
    const packageName = scope.startsWith("@") ? `${scope}/${name}` : scope;
    folders.add(fileName.slice(0, start + MODULES.length) + packageName);
  }
  return [...folders].map((folder) => join(folder, "package.json"));
}

/** Gives the `package.json` of ts-morph, which stands for the version of the compiler. */
export function compilerPackage(): string[] {
  try {
    let folder = dirname(createRequire(import.meta.url).resolve("ts-morph"));
    while (!existsSync(join(folder, "package.json")) && folder !== dirname(folder)) folder = dirname(folder);
    return [join(folder, "package.json")];
  } catch {
    return [];
  }
}
