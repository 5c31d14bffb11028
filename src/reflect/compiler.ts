import type { Project, ts } from "ts-morph";

/** The TypeScript compiler's API, in the version that ts-morph brings along. */
export type Compiler = typeof ts;

/** What is used of ts-morph. */
export interface CompilerPackage {
  ts: Compiler;
  /** Makes programs that find the standard library, which ts-morph has within itself. */
  Project: typeof Project;
}

/**
 * Loads the compiler, which costs more than half a second; `undefined` where ts-morph is not installed.
 * TypeScript 7 itself has no JavaScript API.
 */
export async function loadCompiler(): Promise<CompilerPackage | undefined> {
  try {
    const { ts, Project } = await import("ts-morph");
    return { ts, Project };
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
