import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { StreamClosedError } from "../errors/stream-errors.ts";
import { readAtUnwindPoint, Unwinder, unwindPoint } from "./unwind.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs code as a handler on the unwinder's own chain. */
async function runOn(unwinder: Unwinder, body: () => Promise<void>): Promise<void> {
  const runner = async (): Promise<void> => {
    await body();
  };
  unwinder.begin(runner);
  await runner();
}

describe("Unwinder", () => {
  let unwinder: Unwinder;

  beforeEach(() => {
    unwinder = new Unwinder("HutModel.watch");
  });
  afterEach(() => unwinder.disarm());

  it("throws when a loop comes round in a later turn, and not before", async () => {
    let rounds = 0;
    unwinder.arm("client", () => {});
    const loop = runOn(unwinder, async () => {
      for (;;) {
        unwinder.check();
        rounds++;
        await turn();
      }
    });
    await expect(loop).rejects.toThrow(StreamClosedError);
    expect(rounds).toBe(1);
  });

  it("lets a loop within one turn run", async () => {
    unwinder.arm("client", () => {});
    let calls = 0;
    await runOn(unwinder, async () => {
      for (let call = 0; call < 5; call++) {
        unwinder.check();
        calls++;
      }
    });
    expect(calls).toBe(5);
  });

  it("lets catch and finally call on undisturbed", async () => {
    unwinder.arm("client", () => {});
    const seen: string[] = [];
    await runOn(unwinder, async () => {
      try {
        for (;;) {
          unwinder.check();
          await turn();
        }
      } catch {
        unwinder.check();
        seen.push("catch");
      } finally {
        await turn();
        unwinder.check();
        seen.push("finally");
      }
    });
    expect(seen).toEqual(["catch", "finally"]);
  });

  it("lets a finally within the loop run undisturbed, though the loop came there before", async () => {
    unwinder.arm("client", () => {});
    let held = 0;
    const loop = runOn(unwinder, async () => {
      for (;;) {
        held++;
        try {
          unwinder.check();
        } finally {
          await turn();
          unwinder.check();
          held--;
        }
      }
    });
    await expect(loop).rejects.toThrow(StreamClosedError);
    expect(held).toBe(0);
  });

  it("unwinds a loop in a clean-up as well, a second later", async () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    unwinder.arm("client", () => {});
    let rounds = 0;
    const loop = runOn(unwinder, async () => {
      try {
        for (;;) {
          unwinder.check();
          await turn();
        }
      } finally {
        for (;;) {
          unwinder.check();
          if (rounds++ === 10) clock.mockReturnValue(1_000);
          await turn();
        }
      }
    });
    await expect(loop).rejects.toThrow(StreamClosedError);
    expect(rounds).toBe(11);
    clock.mockRestore();
  });

  it("throws at another place than where the error was swallowed", async () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    unwinder.arm("client", () => {});
    let swallowed = 0;
    const loop = runOn(unwinder, async () => {
      for (;;) {
        try {
          unwinder.check();
        } catch {
          swallowed++;
          clock.mockReturnValue(5_000);
        }
        unwinder.check();
        await turn();
      }
    });
    await expect(loop).rejects.toThrow(StreamClosedError);
    expect(swallowed).toBe(1);
    clock.mockRestore();
  });

  it("ends all of several loops, though the first that throws ends the handler", async () => {
    unwinder.arm("client", () => {});
    let rounds = 0;
    let ended = 0;
    const poll = async (): Promise<void> => {
      try {
        for (;;) {
          unwinder.check();
          rounds++;
          await turn();
        }
      } finally {
        ended++;
      }
    };
    await expect(runOn(unwinder, async () => void (await Promise.all([poll(), poll()])))).rejects.toThrow();
    unwinder.disarm();
    await vi.waitFor(() => expect(ended).toBe(2));
    expect(rounds).toBeLessThan(5);
  });

  it("throws again a second later at a place whose error was swallowed, and never spins it", async () => {
    const clock = vi.spyOn(performance, "now").mockReturnValue(0);
    unwinder.arm("client", () => {});
    let thrown = 0;
    const visit = async (): Promise<void> => {
      await turn();
      try {
        unwinder.visit("here");
      } catch {
        thrown++;
      }
    };
    for (let round = 0; round < 5; round++) await visit();
    expect(thrown).toBe(1);
    clock.mockReturnValue(999);
    await visit();
    expect(thrown).toBe(1);
    clock.mockReturnValue(1_000);
    for (let round = 0; round < 3; round++) await visit();
    expect(thrown).toBe(2);
    clock.mockRestore();
  });

  it("does nothing while the stream is open, and nothing once the handler has ended", async () => {
    await runOn(unwinder, async () => {
      for (let round = 0; round < 3; round++) {
        expect(unwinder.check()).toBe("elsewhere");
        await turn();
      }
    });
    unwinder.disarm();
    unwinder.arm("client", () => {});
    await runOn(unwinder, async () => {
      for (let round = 0; round < 3; round++) {
        unwinder.check();
        await turn();
      }
    });
  });

  it("never throws into a stranger's call", async () => {
    unwinder.arm("client", () => {});
    for (let round = 0; round < 3; round++) {
      expect(unwinder.check()).toBe("elsewhere");
      unwindPoint();
      await turn();
    }
  });
});

describe("unwindPoint", () => {
  it("unwinds whichever closed handler it is called from, and no other", async () => {
    const closed = new Unwinder("HutModel.closed");
    const open = new Unwinder("HutModel.open");
    closed.arm("client", () => {});
    let rounds = 0;
    const loop = async (): Promise<void> => {
      while (rounds++ < 3) {
        unwindPoint();
        await turn();
      }
    };
    await runOn(open, loop);
    expect(rounds).toBe(4);
    rounds = 0;
    await expect(runOn(closed, loop)).rejects.toThrow(/HutModel\.closed/);
    closed.disarm();
  });
});

describe("readAtUnwindPoint", () => {
  it("lets go of the read of each handler at its own close, though another's closed before", async () => {
    const settled: string[] = [];
    const begin = (name: string): Unwinder => {
      const unwinder = new Unwinder(`HutModel.${name}`);
      const hang = (signal?: AbortSignal): Promise<never> =>
        new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(new Error(`${name} is aborted`)));
        });
      runOn(unwinder, async () => await readAtUnwindPoint(hang)).catch((error: unknown) =>
        settled.push(`${name}: ${error instanceof StreamClosedError}`),
      );
      return unwinder;
    };
    const [first, second] = [begin("first"), begin("second")];
    first.arm("client", () => {});
    await vi.waitFor(() => expect(settled).toEqual(["first: true"]), { timeout: 10_000 });
    second.arm("client", () => {});
    await vi.waitFor(() => expect(settled).toEqual(["first: true", "second: true"]), { timeout: 10_000 });
    first.disarm();
    second.disarm();
  });
});
