import { expect, test } from "vitest";
import { formatQuery } from "./query.ts";

test.each<[string, object, string]>([
  ["nothing", {}, ""],
  ["text, escaped", { text: "a b&c=ä+%" }, "text=a+b%26c%3D%C3%A4%2B%25"],
  ["text that looks like JSON", { text: '"x"', other: "5" }, "text=%22x%22&other=5"],
  ["numbers and booleans", { a: -1.5, b: true, c: 1e21 }, "a=-1.5&b=true&c=1e%2B21"],
  ["a date", { at: new Date(0) }, "at=1970-01-01T00%3A00%3A00.000Z"],
  ["a bigint", { id: 12345678901234567890n }, "id=12345678901234567890"],
  ["null, and nothing for undefined", { a: null, b: undefined }, "a=null"],
  ["an array as a repeated key", { id: [1, 2n, "x"] }, "id=1&id=2&id=x"],
  ["no empty array", { id: [] }, ""],
  ["an array within an array as JSON", { at: [[1, 2]] }, "at=%5B1%2C2%5D"],
  [
    "an object as JSON",
    { w: { at: new Date(0), n: 3n } },
    "w=%7B%22at%22%3A%221970-01-01T00%3A00%3A00.000Z%22%2C%22n%22%3A%223%22%7D",
  ],
])("writes %s", (_what, parameters, query) => {
  expect(formatQuery(parameters)).toBe(query);
});
