// What a page has to load on top of the client to share its streams.
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";

/** Bytes, minified and compressed; the parser in it is in the client as well. */
const BUDGET = 4_000;

test("sharing fits its budget, and imports only the rooms of the ground floor", async () => {
  const { code, modules } = await bundleForBrowsers("src/tabs/index.ts", "es");
  expect(modules.filter((path) => !/^src\/(tabs|errors|wire|async)\//.test(path))).toEqual([]);
  expect(code).not.toMatch(/\bfrom\s*"/);
  const size = gzipSync(code).length;
  console.log(`pinestream/client/tabs: ${size} bytes`);
  expect(size).toBeLessThanOrEqual(BUDGET);
});
