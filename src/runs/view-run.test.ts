import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

import type { PipeSink } from "../delivery/pipe.ts";
import { turns } from "../../test/helpers/wait-for.ts";
import { memoryBroker } from "../topic/memory-broker.ts";
import { createRunId } from "./run-id.ts";
import { ALIVE_MS, MARKS, RunLog } from "./run-log.ts";
import { viewRun } from "./view-run.ts";

// What is published is handed out by an immediate, which has to be real.
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

function open() {
  const log = new RunLog(memoryBroker(), createRunId("CraneModel.unload", undefined), {
    history: 100,
    ttlMs: 3_600_000,
  });
  const frames: string[] = [];
  const sink: PipeSink = {
    endpoint: "CraneModel.unload",
    eventNames: ["crate"],
    lastEventId: undefined,
    maxBufferedBytes: 1_048_576,
    closed: false,
    isFull: false,
    log: { warn: () => {}, error: () => {} },
    pushBatch: () => true,
    pushFrame: (frame) => frames.push(frame) > 0,
    bufferedBytes: 0,
    whenWritable: async () => {},
    whenEmpty: async () => {},
    onClose: () => () => {},
    overflow: () => {},
    holdHead: () => () => {},
    source: undefined,
  };
  const view = () => viewRun(sink, log, { after: undefined, isNew: false, onBegin: () => {} });
  return { log, frames, view };
}

/** Lets the run's process write nothing for that long. */
async function silence(ms: number): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  await turns();
}

describe("A viewer of a run whose process is gone", () => {
  test("is told that it has failed, after a silence that the broker was there for", async () => {
    const { log, view } = open();
    await log.append(MARKS.start);
    await log.append("crate", '{"number":1}');
    let outcome: string | undefined;
    void view().then((came) => (outcome = came));
    await silence(5 * ALIVE_MS);
    expect(outcome).toBeUndefined();
    await silence(5 * ALIVE_MS);
    expect(outcome).toBe("failed");
  });

  test("waits for as long as the process says that it is there", async () => {
    const { log, view } = open();
    await log.append(MARKS.start);
    let outcome: string | undefined;
    void view().then((came) => (outcome = came));
    for (let round = 0; round < 20; round++) {
      await silence(ALIVE_MS);
      await log.append(MARKS.alive);
    }
    expect(outcome).toBeUndefined();
    await log.append(MARKS.end);
    await silence(1);
    expect(outcome).toBe("end");
  });
});
