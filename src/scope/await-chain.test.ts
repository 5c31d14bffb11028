import { EventEmitter } from "node:events";

import { describe, expect, it } from "vitest";

import {
  canFindAwaitChain,
  captureTrace,
  findAwaitChain,
  nameRunner,
  readTrace,
  type Trace,
} from "./await-chain.ts";

type Look = () => string | undefined;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs a handler as the framework does and gives the name of its chain. */
async function run(handler: (look: Look) => AsyncGenerator): Promise<string> {
  const look: Look = () => findAwaitChain(look).name;
  const runner = async (): Promise<void> => {
    const generator = handler(look);
    while (!(await generator.next()).done);
  };
  const name = nameRunner(runner);
  await runner();
  return name;
}

describe("findAwaitChain", () => {
  const own: Record<string, (look: Look) => Promise<string | undefined>> = {
    "in the handler itself": async (look) => (await turn(), look()),
    "in an awaited helper": async (look) => {
      const helper = async (): Promise<string | undefined> => (await turn(), look());
      return await helper();
    },
    "within Promise.all": async (look) => {
      const branch = async (): Promise<string | undefined> => (await turn(), look());
      return (await Promise.all([turn(), branch()]))[1];
    },
    "within Promise.race": async (look) => {
      const branch = async (): Promise<string | undefined> => (await turn(), look());
      return await Promise.race([branch(), new Promise<never>(() => {})]);
    },
    "within a then chain": async (look) => await turn().then(() => look()),
    "in a for await": async (look) => {
      async function* source(): AsyncGenerator<string | undefined> {
        await turn();
        yield look();
      }
      for await (const name of source()) return name;
      return undefined;
    },
  };

  for (const [where, body] of Object.entries(own)) {
    it(`knows the handler's own chain ${where}`, async () => {
      let found: string | undefined;
      const name = await run(async function* (look) {
        found = await body(look);
        yield 1;
      });
      expect(found).toBe(name);
    });
  }

  it("knows it through yield* and after a yield", async () => {
    const found: (string | undefined)[] = [];
    async function* inner(look: Look): AsyncGenerator {
      await turn();
      found.push(look());
      yield 1;
      await turn();
      found.push(look());
    }
    const name = await run(async function* (look) {
      yield* inner(look);
    });
    expect(found).toEqual([name, name]);
  });

  it("knows it while the handler has not waited yet", async () => {
    let found: string | undefined;
    const name = await run(async function* (look) {
      found = look();
      yield 1;
    });
    expect(found).toBe(name);
  });

  it("takes a timer, a listener and a promise that nobody awaits for strangers", async () => {
    const found: (string | undefined)[] = [];
    const emitter = new EventEmitter();
    await run(async function* (look) {
      emitter.on("poke", () => found.push(look()));
      const stray = async (): Promise<void> => {
        await turn();
        found.push(look());
      };
      void stray();
      await new Promise<void>((resolve) => {
        setTimeout(() => {
          found.push(look());
          setImmediate(resolve);
        }, 0);
      });
      yield 1;
    });
    emitter.emit("poke");
    expect(found).toEqual([undefined, undefined, undefined]);
  });

  it("tells two handlers apart when one calls into a listener of the other", async () => {
    const emitter = new EventEmitter();
    let found: string | undefined;
    let finish = (): void => {};
    const first = run(async function* (look) {
      emitter.on("poke", () => (found = look()));
      await new Promise<void>((resolve) => (finish = resolve));
      yield 1;
    });
    const second = await run(async function* () {
      await turn();
      emitter.emit("poke");
      yield 1;
    });
    finish();
    expect(found).toBe(second);
    expect(await first).not.toBe(second);
  });

  it("knows a runner that got its name after the stack was taken", async () => {
    let trace: Trace | undefined;
    const take = (): void => void (trace = captureTrace(take));
    const runner = async (): Promise<void> => {
      await (async (): Promise<void> => {
        await turn();
        take();
      })();
    };
    await runner();
    const name = nameRunner(runner);
    expect(trace && readTrace(trace).name).toBe(name);
  });

  it("gives one place to a loop that comes round, and another to another call", async () => {
    const places: (string | undefined)[] = [];
    const look = (): void => void places.push(findAwaitChain(look).place);
    await run(async function* () {
      for (let round = 0; round < 2; round++) {
        await turn();
        look();
      }
      look();
      yield 1;
    });
    expect(places[0]).toBeDefined();
    expect(places[0]).toBe(places[1]);
    expect(places[2]).not.toBe(places[0]);
  });

  it("gives one place to a recursion however deep it is", async () => {
    const places = new Set<string | undefined>();
    const look = (): void => void places.add(findAwaitChain(look).place);
    const recurse = async (depth: number): Promise<void> => {
      await turn();
      look();
      if (depth > 0) await recurse(depth - 1);
    };
    await run(async function* () {
      await recurse(5);
      yield 1;
    });
    // The outermost call has no caller within the recursion; all deeper ones are the same.
    expect(places.size).toBe(2);
    expect([...places]).not.toContain(undefined);
  });

  it("leaves Error as it found it, and works where stack traces are cut off", async () => {
    const { stackTraceLimit, prepareStackTrace } = Error;
    Error.stackTraceLimit = 0;
    try {
      expect(await canFindAwaitChain()).toBe(true);
      expect(Error.stackTraceLimit).toBe(0);
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
    expect(Error.prepareStackTrace).toBe(prepareStackTrace);
  });
});
