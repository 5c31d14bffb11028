// What a page has to load for the client, and that none of it is of the server or of Node.
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleForBrowsers } from "./bundle.ts";

/** Bytes, minified and compressed. */
const BUDGET = 5_000;

test("the whole client fits its budget, and imports only the rooms of the ground floor", async () => {
  const { code, modules } = await bundleForBrowsers("src/client/index.ts", "es");
  expect(modules.filter((path) => !/^src\/(client|errors|wire|async)\//.test(path))).toEqual([]);
  expect(code).not.toMatch(/\bfrom\s*"/);
  const size = gzipSync(code).length;
  console.log(`pinestream/client: ${size} bytes`);
  expect(size).toBeLessThanOrEqual(BUDGET);
});
