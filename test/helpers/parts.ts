import { existsSync } from "node:fs";

/** A program outside the repository that some tests need. */
export interface Part {
  name: string;
  /** Where Debian puts it. */
  path: string;
  present: boolean;
}

const part = (name: string, path: string): Part => ({ name, path, present: existsSync(path) });

/** `scripts/test.mjs` installs these or says what is missing; under CI a missing one fails the run there. */
export const chromium = part("chromium", "/usr/bin/chromium");
