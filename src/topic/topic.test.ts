import { z } from "zod";
import { describe, expect, test } from "vitest";

import { TopicError } from "../errors/topic-errors.ts";
import { topic } from "./topic.ts";

const events = z.object({ boat: z.number() });
const LONE_SURROGATE = "pier \uD800";

describe("topic", () => {
  test.each(["boats", "boats of 2026", "船", "a/b.c*d>e", "x".repeat(200)])("takes the name %j", (name) => {
    expect(topic(name, events).name).toBe(name);
  });

  test.each(["", "two\nlines", "\0", "\u007F", LONE_SURROGATE, "x".repeat(201), 7, undefined])(
    "refuses the name %j",
    (name) => {
      expect(() => topic(name as string, events)).toThrow(TopicError);
      expect(() => topic(name as string, events)).toThrow(/its name has to be a text of 1 to 200 characters/);
    },
  );

  test.each([{ history: -1 }, { history: 1.5 }, { history: Number.NaN }, { ttl: 0 }, { ttl: Number.NaN }])(
    "refuses %j",
    (options) => {
      expect(() => topic("boats", events, options)).toThrow(TopicError);
    },
  );

  test("refuses what are no events", () => {
    expect(() => topic("boats", undefined as unknown as typeof events)).toThrow(/has no events/);
  });

  test.each(["7", 7, 7n, "船", "two\nlines"])("takes the key %s, by its text", (key) => {
    expect(topic("boats", events).key(key)).toMatchObject({ address: { topic: "boats", key: String(key) } });
  });

  test.each(["", LONE_SURROGATE, "x".repeat(201), undefined, null, {}, true])("refuses the key %j", (key) => {
    expect(() => topic("boats", events).key(key as string)).toThrow(TopicError);
  });
});
