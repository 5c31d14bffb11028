import { expect, test } from "vitest";
import { createEventStreamReader } from "./event-stream-reader.ts";

// What it makes of any stream, cut anywhere, is in test/client/, where browsers run the same cases.

const encode = (text: string) => new TextEncoder().encode(text);

test("tells what it keeps of an event that is not complete, and nothing of what is no event", () => {
  const reader = createEventStreamReader({ onEvent: () => {} }, "");
  const lengths = ["data: abc", "de\n", "data: f", "\n", "\n", `:${"x".repeat(50)}\n`, "id: 1\n"].map(
    (piece) => {
      reader.push(encode(piece));
      return reader.pendingLength;
    },
  );
  expect(lengths).toEqual([9, 6, 13, 8, 0, 0, 0]);
});

test("takes one space off a comment, and goes on after the id that it was given", () => {
  const comments: string[] = [];
  const ids: string[] = [];
  const reader = createEventStreamReader(
    { onEvent: ({ id }) => ids.push(id), onComment: (text) => comments.push(text) },
    "before",
  );
  reader.push(encode(":a\n:  b\n:\ndata\n\nid\ndata\n\n"));
  expect(comments).toEqual(["a", " b", ""]);
  expect(ids).toEqual(["before", ""]);
});

test("takes a long line in single bytes at a cost that is linear", () => {
  const length = 500_000;
  let received = 0;
  const reader = createEventStreamReader({ onEvent: ({ data }) => (received = data.length) }, "");
  reader.push(encode("data:"));
  // At a quadratic cost this would be a matter of minutes.
  const byte = encode("x");
  for (let count = 0; count < length; count++) reader.push(byte);
  reader.push(encode("\n\n"));
  expect(received).toBe(length);
});
