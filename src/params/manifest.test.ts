import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { ManifestError } from "../errors/parameter-errors.ts";
import { assertManifestFits, findInManifest, loadManifest } from "./manifest.ts";
import type { Manifest } from "./types.ts";

const folder = mkdtempSync(join(tmpdir(), "pinestream-manifest-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const manifest: Manifest = {
  version: 1,
  endpoints: {
    A: {
      run: {
        parameters: [
          { name: "id", type: { kind: "number" } },
          { name: "ctx", context: true },
        ],
      },
      list: { parameters: [{ name: "limit", type: { kind: "number" }, initializer: true }] },
    },
  },
};
const run = { className: "A", methodName: "run", length: 2 };
const list = { className: "A", methodName: "list", length: 0 };

test("is read from a path and from content alike", () => {
  const path = join(folder, "m.json");
  writeFileSync(path, JSON.stringify(manifest));
  expect(loadManifest(path)).toEqual(manifest);
  expect(loadManifest(manifest)).toEqual(manifest);
});

describe("what is none is refused with the command that makes one", () => {
  test.each<[string, unknown]>([
    ["an old version", { ...manifest, version: 0 }],
    ["no endpoints", { version: 1 }],
    [
      "an unknown kind",
      { version: 1, endpoints: { A: { run: { parameters: [{ name: "a", type: { kind: "map" } }] } } } },
    ],
    ["a list", []],
  ])("%s", (_name, content) => {
    expect(() => loadManifest(content as Manifest)).toThrow(ManifestError);
    expect(() => loadManifest(content as Manifest)).toThrow(/npx pinestream generate/);
  });

  test("a file that is gone or no JSON, by its path", () => {
    const path = join(folder, "broken.json");
    writeFileSync(path, "{");
    for (const each of [path, join(folder, "gone.json")]) {
      expect(() => loadManifest(each)).toThrow(ManifestError);
      expect(() => loadManifest(each)).toThrow(each);
    }
  });
});

describe("a manifest that does not fit the classes is refused by method", () => {
  test("one that fits passes, methods that it does not know are not its concern", () => {
    assertManifestFits(manifest, [run, list, { className: "B", methodName: "x", length: 3 }]);
    assertManifestFits(manifest, [run], { partial: true });
    assertManifestFits(manifest, [{ ...run, parameterNames: ["a", "b"] }, list]);
  });

  test.each([
    [
      "another number of arguments",
      [{ ...run, length: 3 }, list],
      /A\.run takes 3 arguments .* in the manifest 2/,
    ],
    ["no default any more", [run, { ...list, length: 1 }], /A\.list takes 1 arguments/],
    [
      "another order",
      [{ ...run, parameterNames: ["ctx", "id"] }, list],
      /A\.run takes \(ctx, id\), in the manifest \(id, ctx\)/,
    ],
    [
      "a method that is gone",
      [run, { ...list, methodName: "lists" }],
      /A\.list is no endpoint any more\. Did you mean "lists"\?/,
    ],
  ])("%s", (_name, methods, message) => {
    expect(() => assertManifestFits(manifest, methods)).toThrow(message);
    expect(() => assertManifestFits(manifest, methods)).toThrow(/npx pinestream generate/);
  });
});

test("knows nothing of methods that every object has", () => {
  expect(
    findInManifest(manifest, { className: "constructor", methodName: "name", length: 0 }),
  ).toBeUndefined();
  expect(findInManifest(manifest, { className: "A", methodName: "toString", length: 0 })).toBeUndefined();
});
