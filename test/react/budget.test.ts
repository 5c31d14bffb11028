// What the hooks add to what a page loads for the client.
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";

/** Bytes, minified and compressed. */
const BUDGET = 1_500;

test("the hooks fit their budget, and import nothing but the client and React", async () => {
  const both = await bundleForBrowsers("test/react/client-and-hooks.ts", "es", /^(node:.*|react)$/);
  const client = await bundleForBrowsers("src/client/index.ts", "es");
  const others = /^(src\/(react|client|errors|wire|async)\/|test\/react\/client-and-hooks\.ts$)/;
  expect(both.modules.filter((path) => !others.test(path))).toEqual(["react"]);
  const size = gzipSync(both.code).length - gzipSync(client.code).length;
  console.log(`pinestream/react: ${size} bytes more than pinestream/client`);
  expect(size).toBeGreaterThan(500);
  expect(size).toBeLessThanOrEqual(BUDGET);
});
