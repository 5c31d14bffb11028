import { expect, test } from "vitest";

import { createDeferred } from "./deferred.ts";
import { shareRuns } from "./share-runs.ts";

test("all who ask before a run begins share it, and nobody gets one that had begun", async () => {
  const runs: { resolve(value: number): void; reject(error: unknown): void }[] = [];
  const ask = shareRuns(() => {
    const run = createDeferred<number>();
    runs.push(run);
    return run.promise;
  });
  const first = [ask(), ask()];
  await Promise.resolve();
  expect(runs).toHaveLength(1);
  const second = [ask(), ask()];
  await Promise.resolve();
  expect(runs).toHaveLength(1);
  runs[0]?.resolve(1);
  expect(await Promise.all(first)).toEqual([1, 1]);
  await Promise.resolve();
  expect(runs).toHaveLength(2);
  const third = ask();
  runs[1]?.reject(new Error("no"));
  for (const each of second) await expect(each).rejects.toThrow("no");
  await Promise.resolve();
  runs[2]?.resolve(3);
  expect(await third).toBe(3);
  expect(runs).toHaveLength(3);
});
