import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { z } from "zod";
import { ManifestError, ParameterDescriptionError } from "../errors/parameter-errors.ts";
import type { Manifest } from "../params/types.ts";
import { resolveParameters, type MethodToResolve } from "./resolve-parameters.ts";

const root = mkdtempSync(join(tmpdir(), "pinestream-resolve-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const file = join(root, "m.ts");
writeFileSync(file, "export class A { async *run(p: string) {} async *bad(p: any) {} }");

const fromSource = { parameters: [{ name: "p", type: { kind: "string" } }] };
const fromManifest = { parameters: [{ name: "p", type: { kind: "bigint" as const } }] };
const manifest: Manifest = { version: 1, endpoints: { A: { run: fromManifest } } };
const method: MethodToResolve = { className: "A", methodName: "run", length: 1, site: { file, line: 1 } };
const resolveOne = async (
  asked: MethodToResolve,
  options: { manifest?: Manifest | string; production?: boolean } = {},
): Promise<unknown> => (await resolveParameters([asked], { production: false, root, ...options })).get(asked);

test("params go before the source and the manifest", async () => {
  const params = z.object({ p: z.number() });
  expect(await resolveOne({ ...method, params }, { manifest })).toBe(params);
});

test("the source goes before the manifest outside production, and not at all in it", async () => {
  expect(await resolveOne(method, { manifest })).toEqual(fromSource);
  expect(await resolveOne(method, { manifest, production: true })).toEqual(fromManifest);
});

test("the manifest tells where there is no source", async () => {
  expect(await resolveOne({ ...method, site: undefined }, { manifest })).toEqual(fromManifest);
  expect(await resolveOne({ ...method, site: { file: join(root, "gone.ts") } }, { manifest })).toEqual(
    fromManifest,
  );
});

test("a method without parameters needs nobody to tell", async () => {
  const plain = { className: "A", methodName: "plain", length: 0, parameterNames: [] };
  expect(await resolveOne(plain, { production: true })).toEqual({ parameters: [] });
});

test("names every method that nobody can tell, and what to run", async () => {
  const methods = ["one", "two"].map((methodName) => ({ className: "A", methodName, length: 1 }));
  const error: unknown = await resolveParameters(methods, { production: true, root }).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ParameterDescriptionError);
  expect((error as Error).message).toMatch(/A\.one: .*\nA\.two: .*\nRun `npx pinestream generate`/);
});

test("refuses a manifest that is named and not there", () =>
  expect(resolveOne(method, { manifest: "gone.json", production: true })).rejects.toThrow(ManifestError));

test("refuses a type that no request can carry, even if the manifest had another", () =>
  expect(resolveOne({ ...method, methodName: "bad" }, { manifest })).rejects.toThrow(
    /A\.bad: parameter "p": has the type any/,
  ));

test("refuses params with fewer keys than the method has arguments", () =>
  expect(resolveOne({ ...method, length: 3, params: z.object({ p: z.number() }) })).rejects.toThrow(
    /A\.run: takes 3 arguments, but its `params` only has \(p\)/,
  ));
