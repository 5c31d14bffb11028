import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** Something outside the repository that some tests need. */
export interface Part {
  name: string;
  path: string;
  present: boolean;
}

const part = (name: string, path: string): Part => ({ name, path, present: existsSync(path) });

/** `scripts/test.mjs` installs these or says what is missing; under CI a missing one fails the run there. */
export const chromium = part("chromium", "/usr/bin/chromium");

const platform = (name: string, path: string): Part =>
  part(name, fileURLToPath(new URL(`../platforms/node_modules/${path}`, import.meta.url)));

export const bun = platform("Bun", "@oven/bun-linux-x64/bin/bun");
export const deno = platform("Deno", "@deno/linux-x64-glibc/deno");
export const react18 = platform("React 18", "react");
