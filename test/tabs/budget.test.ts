// What a page has to load on top of the client to share its streams.
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";

/** Bytes on top of the client, minified and compressed. */
const BUDGET = 4_400;

test("sharing fits its budget, and imports only the rooms of the ground floor", async () => {
  const [tabs, client, both] = await Promise.all(
    ["src/tabs/index.ts", "src/client/index.ts", "test/tabs/client-and-tabs.ts"].map(
      async (path) => await bundleForBrowsers(path, "es"),
    ),
  );
  expect(tabs!.modules.filter((path) => !/^src\/(tabs|errors|wire|async)\//.test(path))).toEqual([]);
  expect(both!.code).not.toMatch(/\bfrom\s*"/);
  const size = gzipSync(both!.code).length - gzipSync(client!.code).length;
  console.log(`pinestream/client/tabs: ${size} bytes on top of the client`);
  expect(size).toBeLessThanOrEqual(BUDGET);
});
