import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { Child } from "../helpers/child.ts";

const DEMO = fileURLToPath(new URL("../../examples/demo/", import.meta.url));

test("the demo's client and manifest are what its models say", async () => {
  const child = new Child("src/cli/main.ts", {
    args: ["generate", "--check", "--config", "examples/demo/pinestream.config.ts"],
  });
  const { code } = await child.ended(170_000);
  expect(child.output).toMatch(/web\/generated\/api\.ts is up to date/);
  expect(code, child.output).toBe(0);
}, 180_000);

test("the demo's models ask the database for nothing in a loop of waiting", () => {
  const models = readdirSync(`${DEMO}models`).map((name) => readFileSync(`${DEMO}models/${name}`, "utf8"));
  expect(models).toHaveLength(5);
  for (const model of models) {
    // The one that waits in a loop is the crane, which works and reads nothing.
    if (/\bsleep\(|setInterval|setTimeout/.test(model))
      expect(model).not.toMatch(/\bfind(Many|One|ById)\(|\bcount\(/);
  }
});
