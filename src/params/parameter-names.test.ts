import { expect, test } from "vitest";
import { readParameterNames } from "./parameter-names.ts";

/** Made from text, so that no compiler rewrites it. */
const method = (text: string): (() => unknown) => {
  const holder = new Function(`return ({ ${text} })`)() as Record<string, () => unknown>;
  return Object.values(holder)[0] as () => unknown;
};

test.each([
  ["run() {}", []],
  ["async *run(id, ctx) {}", ["id", "ctx"]],
  ["run(a, b = 5, ) {}", ["a", "b"]],
  ["run(a = 'x, )', b = (1, [2, { c: 3 }])) {}", ["a", "b"]],
  ["run(/* (first, */ a, // second )\n b) {}", ["a", "b"]],
  ["run(a = `x`, $b_1, ünïcode) {}", ["a", "$b_1", "ünïcode"]],
  ["run: (a, b) => a", ["a", "b"]],
  ["run: function named(a) {}", ["a"]],
])("reads %j", (text, names) => expect(readParameterNames(method(text))).toEqual(names));

test.each([
  "run({ a }) {}",
  "run([a]) {}",
  "run(...a) {}",
  "run(a = /[)]/) {}",
  "run(a = `${1}`) {}",
  "['x(y'](a) {}",
  "run: a => (a)",
])("does not guess at %j", (text) => expect(readParameterNames(method(text))).toBeUndefined());

test("does not guess at native and bound functions", () => {
  expect(readParameterNames(Math.max)).toBeUndefined();
  expect(readParameterNames(method("run(a) {}").bind(undefined))).toBeUndefined();
});
