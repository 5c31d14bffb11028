import { EventEmitter } from "node:events";

import { describe, expect, it } from "vitest";

import { nameRunner, type Runner } from "./await-chain.ts";
import { noteBegin, noteClose, noteEnd, watchOwnStream, type RunningHandler } from "./own-stream.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A handler as the framework runs it; it runs once `run` is called. */
class TestHandler implements RunningHandler {
  isOver = false;
  #name: string | undefined;
  readonly #runner: Runner;

  constructor(body: () => Promise<void>) {
    this.#runner = async () => {
      await body();
    };
  }

  get chainName(): string {
    return (this.#name ??= nameRunner(this.#runner));
  }

  async run(): Promise<void> {
    noteBegin(this);
    await this.#runner();
  }

  close(): void {
    this.isOver = true;
    noteClose(this);
  }
}

describe("watchOwnStream", () => {
  it("tells what a handler has started once, at the close of its own stream", async () => {
    const told: string[] = [];
    const start = async (): Promise<void> => {
      await turn();
      watchOwnStream(() => told.push("one"));
    };
    const one = new TestHandler(async () => void (await Promise.all([start(), turn()])));
    const two = new TestHandler(async () => void watchOwnStream(() => told.push("two")));
    await Promise.all([one.run(), two.run()]);
    expect(told).toEqual([]);
    one.close();
    one.close();
    expect(told).toEqual(["one"]);
    noteEnd(one);
    noteEnd(two);
    expect(told).toEqual(["one", "two"]);
  });

  it("tells at once when the stream is over already", async () => {
    const told: string[] = [];
    const handler = new TestHandler(async () => void watchOwnStream(() => told.push("over")));
    handler.close();
    await handler.run();
    expect(told).toEqual(["over"]);
    noteEnd(handler);
  });

  it("tells nothing after it was stopped, nor to a stranger", async () => {
    const told: string[] = [];
    const emitter = new EventEmitter();
    emitter.on("poke", () => told.push(watchOwnStream(() => {}) ? "own" : "stranger"));
    const handler = new TestHandler(async () => {
      await turn();
      watchOwnStream(() => told.push("stopped"))?.();
    });
    await handler.run();
    emitter.emit("poke");
    handler.close();
    noteEnd(handler);
    expect(told).toEqual(["stranger"]);
    expect(watchOwnStream(() => {})).toBeUndefined();
  });
});
