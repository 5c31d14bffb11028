import { expect, test } from "vitest";
import { z } from "zod";
import { createEventReviver } from "./revive-events.ts";

test("a date is brought back beside a part with a name in which nobody can tell one from a string", () => {
  const Mixed = z.union([z.date(), z.string()]).meta({ id: "Mixed" });
  const revive = createEventReviver(z.object({ tide: z.object({ at: z.date(), mixed: Mixed }) }));
  const at = new Date(0);
  expect(revive("tide", JSON.parse(JSON.stringify({ at, mixed: at })))).toEqual({
    at,
    mixed: at.toISOString(),
  });
});

test("also where that part lies inside another one with a name, which may be null", () => {
  const Inner = z.object({ mixed: z.union([z.date(), z.string()]), when: z.date() }).meta({ id: "Inner" });
  const Outer = z.object({ at: z.date(), inner: Inner }).nullable().meta({ id: "Outer" });
  const revive = createEventReviver(z.object({ tide: Outer }));
  const at = new Date(0);
  const sent = { at, inner: { mixed: at, when: at } };
  expect(revive("tide", JSON.parse(JSON.stringify(sent)))).toEqual({
    at,
    inner: { mixed: at.toISOString(), when: at },
  });
});
