import { EventEmitter } from "node:events";

import { describe, expect, it } from "vitest";

import { nameOfChain } from "./await-chain.ts";
import { noteBegin, noteClose, noteEnd, watchOwnStream } from "./own-stream.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs code as the framework runs a handler. */
async function run(name: string, body: () => Promise<void>): Promise<void> {
  const driver = {
    async [name]() {
      await body();
    },
  };
  await driver[name]?.();
}

describe("watchOwnStream", () => {
  it("tells what a handler has started once, at the close of its own stream", async () => {
    const [one, two] = [nameOfChain(), nameOfChain()];
    const told: string[] = [];
    noteBegin(one, false);
    noteBegin(two, false);
    const start = async (): Promise<void> => {
      await turn();
      watchOwnStream(() => told.push("one"));
    };
    await run(one, async () => void (await Promise.all([start(), turn()])));
    await run(two, async () => void watchOwnStream(() => told.push("two")));
    expect(told).toEqual([]);
    noteClose(one);
    noteClose(one);
    expect(told).toEqual(["one"]);
    noteEnd(one);
    noteEnd(two);
    expect(told).toEqual(["one", "two"]);
  });

  it("tells at once when the stream is over already", async () => {
    const name = nameOfChain();
    const told: string[] = [];
    noteBegin(name, true);
    await run(name, async () => void watchOwnStream(() => told.push("over")));
    expect(told).toEqual(["over"]);
    noteEnd(name);
  });

  it("tells nothing after it was stopped, nor to a stranger", async () => {
    const name = nameOfChain();
    const told: string[] = [];
    const emitter = new EventEmitter();
    noteBegin(name, false);
    emitter.on("poke", () => told.push(watchOwnStream(() => {}) ? "own" : "stranger"));
    await run(name, async () => {
      await turn();
      watchOwnStream(() => told.push("stopped"))?.();
    });
    emitter.emit("poke");
    noteClose(name);
    noteEnd(name);
    expect(told).toEqual(["stranger"]);
    expect(watchOwnStream(() => {})).toBeUndefined();
  });
});
