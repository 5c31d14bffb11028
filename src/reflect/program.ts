import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import type { ts } from "ts-morph";
import type { Compiler, CompilerPackage } from "./compiler.ts";

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

/** What a program is made from. */
export interface ProgramOptions {
  files: readonly string[];
  compilerOptions: ts.CompilerOptions;
  /**
   * Leaves out the packages that this one imports, zod apart, which are most of what there is to parse. Types
   * made from theirs are then errors, and need a program that has them.
   */
  lean: boolean;
}

/** Makes a program of the files alone, with what they import. */
export function createProgram({ ts, Project }: CompilerPackage, options: ProgramOptions): ts.Program {
  const { files, compilerOptions, lean } = options;
  const project = new Project({
    compilerOptions: lean ? { ...compilerOptions, types: [] } : compilerOptions,
    skipAddingFilesFromTsConfig: true,
    resolutionHost: (host, getCompilerOptions) => {
      const settings = getCompilerOptions();
      const cache = ts.createModuleResolutionCache("/", (name) => name, settings);
      return {
        resolveModuleNames: (names, importer) => {
          const mode = ts.getImpliedNodeFormatForFile(importer, undefined, host, settings);
          const skipsPackages = lean && isOwnFile(importer);
          return names.map((name) =>
            skipsPackages && !name.startsWith(".") && name !== "zod"
              ? undefined
              : ts.resolveModuleName(name, importer, settings, host, cache, undefined, mode).resolvedModule,
          );
        },
      };
    },
  });
  for (const file of files) project.addSourceFileAtPathIfExists(file);
  return project.getProgram().compilerObject;
}

const OWN_ROOT = fileURLToPath(new URL("../../", import.meta.url)).replaceAll("\\", "/");

function isOwnFile(path: string): boolean {
  const inside = path.startsWith(OWN_ROOT) ? path.slice(OWN_ROOT.length) : undefined;
  return path.includes("/node_modules/pinestream/") || /^(?:src|dist)\//.test(inside ?? "");
}
