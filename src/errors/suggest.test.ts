import { expect, test } from "vitest";

import { suggest } from "./suggest.ts";

test.each([
  ["notifcation", ["notification", "alert"], "notification"],
  ["createdAt", ["id", "created_at"], "created_at"],
  ["USER_ID", ["id", "user_id"], "user_id"],
  ["titel", ["title", "tile_x"], "title"],
  ["ide", ["id", "user_id"], "id"],
  ["d", ["id"], "id"],
])("suggests the name that %s comes nearest to", (name, candidates, nearest) => {
  expect(suggest(name, candidates)).toBe(` Did you mean "${nearest}"?`);
});

test.each([
  ["colour", ["id", "title"]],
  ["x", []],
  ["", ["title"]],
])("suggests nothing for %j where no name is near", (name, candidates) => {
  expect(suggest(name, candidates)).toBe("");
});
