import { expect, test } from "vitest";

import { createDeferred } from "../async/deferred.ts";
import { currentTransaction, inTransaction, runInTransaction } from "./transaction-scope.ts";

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("a scope covers what is awaited in it and nothing else", async () => {
  const owner = {};
  const gate = createDeferred();
  const inside = runInTransaction(owner, "t", async () => {
    await gate.promise;
    await turn();
    return [currentTransaction(owner), currentTransaction({}), inTransaction()];
  });
  expect([currentTransaction(owner), inTransaction()]).toEqual([undefined, false]);
  gate.resolve();
  expect(await inside).toEqual(["t", undefined, true]);
  expect([currentTransaction(owner), inTransaction()]).toEqual([undefined, false]);
});

test("scopes nest, by owner", async () => {
  const [a, b] = [{}, {}];
  await runInTransaction(a, 1, async () => {
    await runInTransaction(b, 2, async () => {
      await runInTransaction(a, 3, async () => {
        expect([currentTransaction(a), currentTransaction(b)]).toEqual([3, 2]);
      });
      expect([currentTransaction(a), currentTransaction(b)]).toEqual([1, 2]);
    });
    expect([currentTransaction(a), currentTransaction(b)]).toEqual([1, undefined]);
  });
});

test("what outlives its scope is outside, also while another one runs", async () => {
  const owner = {};
  const gate = createDeferred();
  let stray: Promise<unknown[]> | undefined;
  await runInTransaction(owner, "first", async () => {
    stray = gate.promise.then(() => [inTransaction(), currentTransaction(owner)]);
  });
  await runInTransaction(owner, "second", async () => {
    gate.resolve();
    await stray;
  });
  expect(await stray).toEqual([false, undefined]);
});

test("a scope that throws is left, and others that run go on", async () => {
  const owner = {};
  const gate = createDeferred();
  const other = runInTransaction(owner, "other", async () => {
    await gate.promise;
    return currentTransaction(owner);
  });
  const failed = runInTransaction(owner, "failing", () => {
    throw new Error("no");
  });
  await expect(failed).rejects.toThrow("no");
  gate.resolve();
  expect(await other).toBe("other");
});
