import type { ts } from "ts-morph";

/** The TypeScript compiler's API, in the version that ts-morph brings along. */
export type Compiler = typeof ts;

/**
 * Loads the compiler, which costs more than half a second; `undefined` where ts-morph is not installed.
 * TypeScript 7 itself has no JavaScript API.
 */
export async function loadCompiler(): Promise<Compiler | undefined> {
  try {
    return (await import("ts-morph")).ts;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}
