// npx tsx --test examples/05-testing/buoy.test.ts
//
// A stream method without a server: its arguments, the events that it published, and that it stops when its
// client leaves. Any test runner will do; this one is Node's.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runStream } from "pinestream/testing";
import { BuoyModel, events } from "./buoy.model.ts";

test("reports a buoy's drift until it is adrift, then ends", async () => {
  const model = new BuoyModel();
  model.drift = () => 2;

  const run = runStream(model, "streamBuoy", { events, args: [7, 5] });
  await run.done;

  assert.deepEqual(run.events, [
    { event: "position", data: { buoy: 7, metresOff: 2 } },
    { event: "position", data: { buoy: 7, metresOff: 4 } },
    { event: "adrift", data: { buoy: 7 } },
  ]);
  assert.equal(run.ended, true);
});

test("stops measuring when its client leaves", async () => {
  const model = new BuoyModel();
  let measured = 0;
  model.drift = () => ((measured += 1), 0);

  const run = runStream(model, "streamBuoy", { events, args: [7, 5] });
  await run.take(3);
  await run.close(); // resolves when the method has ended, and rejects with what it threw

  assert.equal(run.reason, "client");
  assert.equal(run.ended, false);
  assert.ok(measured <= run.events.length + 1, "it measures once more at most, to find that nobody listens");
});
