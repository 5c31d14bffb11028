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
