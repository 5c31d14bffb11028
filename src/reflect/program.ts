import { dirname } from "node:path";
import type { ts } from "ts-morph";
import type { Compiler } from "./compiler.ts";

/** A tsconfig as it applies to some files. */
export interface ProjectSettings {
  options: ts.CompilerOptions;
  /** The configuration and those that it extends; empty where there is none. */
  configFiles: string[];
  /** All files that the configuration includes. */
  listFiles(): string[];
}

/** Reads the tsconfig nearest to a file, strict whatever it says: types must not lose their `undefined`. */
export function readSettings(ts: Compiler, file: string): ProjectSettings {
  const forced: ts.CompilerOptions = { strict: true, noEmit: true, skipLibCheck: true, incremental: false };
  const path = ts.findConfigFile(dirname(file), ts.sys.fileExists);
  if (path === undefined) {
    const options: ts.CompilerOptions = {
      ...forced,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      allowImportingTsExtensions: true,
    };
    return { options, configFiles: [], listFiles: () => [] };
  }
  const source = ts.readJsonConfigFile(path, ts.sys.readFile);
  // The folders are only searched if somebody asks for all files.
  const host: ts.ParseConfigHost = { ...ts.sys, readDirectory: () => [file] };
  const parse = (from: ts.ParseConfigHost): ts.ParsedCommandLine =>
    ts.parseJsonSourceFileConfigFileContent(source, from, dirname(path), undefined, path);
  const { options } = parse(host);
  return {
    options: { ...options, ...forced, composite: false, tsBuildInfoFile: undefined },
    configFiles: [path, ...(source.extendedSourceFiles ?? [])],
    listFiles: () => parse(ts.sys).fileNames,
  };
}

/** Makes a program of the files alone, with what they import. */
export function createProgram(ts: Compiler, files: readonly string[], settings: ProjectSettings): ts.Program {
  return ts.createProgram({ rootNames: [...files], options: settings.options });
}
