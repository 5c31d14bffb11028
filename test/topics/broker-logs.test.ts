// What topics count on from every broker: its logs.
import { describe, expect, test } from "vitest";

import type { LogEntry } from "../../src/topic/broker.ts";
import { BrokerError } from "../../src/errors/topic-errors.ts";
import { acquireFeed } from "../../src/topic/feed.ts";
import {
  createLog,
  describeBrokers,
  Listening,
  publishNumbers,
  range,
  readAll,
  uniqueName,
} from "../helpers/brokers.ts";
import { turns, waitFor } from "../helpers/wait-for.ts";

/** Names that mean something to one server or another. */
const ODD = [
  "two words",
  " ",
  "a.b.c",
  ".",
  "*",
  ">",
  "a.*.>",
  "{quay}",
  "}{",
  "a/b\\c",
  "100%",
  "%20",
  "a:b",
  "k-",
  "-",
  "Ünïcødé ⚓ 港",
  "⚓".repeat(200),
  "x".repeat(200),
  "__proto__",
  "$JS.API",
  "'\"`",
];

describeBrokers("logs", (kit) => {
  test("all entries reach whoever listens, once and in order, also through another broker", async () => {
    const [here, there] = [kit.create(), kit.create()];
    const log = createLog();
    const listeners = [new Listening(), new Listening(), new Listening()];
    const subscriptions = await Promise.all(
      listeners.map((listener, index) => (index ? here : there).subscribe(log, listener)),
    );
    await publishNumbers(here, log, 1, 50);
    await publishNumbers(there, log, 51, 100);
    for (const listener of listeners) expect(await listener.take(100)).toEqual(range(1, 100));
    for (const { head } of subscriptions) expect(head.epoch).toBe(subscriptions[0]!.head.epoch);
    for (const listener of listeners) {
      const positions = listener.entries.map(({ position }) => position);
      expect(positions).toEqual(positions.toSorted((a, b) => a - b));
      for (const [index, { previous }] of listener.entries.entries()) {
        if (index > 0) expect([undefined, positions[index - 1]]).toContain(previous);
      }
    }
  });

  test("a listener that has left hears nothing, and one that comes again hears again", async () => {
    const broker = kit.create();
    const log = createLog();
    const [first, second, stays] = [new Listening(), new Listening(), new Listening()];
    const subscription = await broker.subscribe(log, first);
    await broker.subscribe(log, stays);
    await publishNumbers(broker, log, 1, 1);
    await first.take(1);
    subscription.close();
    subscription.close();
    await publishNumbers(broker, log, 2, 2);
    await stays.take(2);
    const again = await broker.subscribe(log, second);
    await publishNumbers(broker, log, 3, 3);
    await stays.take(3);
    expect(await second.take(1)).toEqual([3]);
    expect(first.data).toEqual([1]);
    again.close();
  });

  test("the last of several listeners may leave and come back at once", async () => {
    const broker = kit.create();
    const log = createLog();
    for (let round = 1; round <= 20; round++) {
      const listener = new Listening();
      const { close } = await broker.subscribe(log, listener);
      await publishNumbers(broker, log, round, round);
      expect(await listener.take(1)).toEqual([round]);
      close();
    }
  });

  test("what is published while others begin to listen is either in the log's past or told of", async () => {
    const [here, there] = [kit.create(), kit.create()];
    const log = createLog({ history: 100_000 });
    let last = 0;
    const over = new AbortController();
    const publishing = (async () => {
      for (; !over.signal.aborted; await turns(1)) await publishNumbers(here, log, last + 1, ++last);
    })();
    for (let round = 0; round < 10; round++) {
      const listener = new Listening();
      const { head, close } = await there.subscribe(log, listener);
      const told = () => listener.entries.filter(({ position }) => position > head.position);
      await waitFor(() => told().length > 3, { what: "some entries" });
      const { entries, reachesBack } = await there.read(log, head.position, 4);
      expect(reachesBack).toBe(true);
      const toNumbers = (from: readonly LogEntry[]) => from.map(({ data }) => Number(data)).slice(0, 4);
      expect(toNumbers(told())).toEqual(toNumbers(entries));
      close();
    }
    over.abort();
    await publishing;
  });

  describe("history", () => {
    test("a reader that has missed as many as the history finds them all; one more and it is told", async () => {
      const broker = kit.create();
      const log = createLog({ history: 5 });
      const positions = await publishNumbers(broker, log, 1, 20);
      const at = (number: number) => positions[number - 1]!;
      expect(await readAll(broker, log, at(15))).toEqual({ data: range(16, 20), isWhole: true });
      expect(await readAll(broker, log, at(14))).toEqual({ data: range(16, 20), isWhole: false });
      expect(await readAll(broker, log, at(1))).toEqual({ data: range(16, 20), isWhole: false });
      expect(await readAll(broker, log, at(20))).toEqual({ data: [], isWhole: true });
      expect(await readAll(broker, log, at(17), 2)).toEqual({ data: range(18, 20), isWhole: true });
    });

    test("a position from before the first entry is good while nothing is gone", async () => {
      const broker = kit.create();
      const log = createLog({ history: 5 });
      const { head } = await broker.subscribe(log, new Listening());
      await publishNumbers(broker, log, 1, 5);
      expect(await readAll(broker, log, head.position)).toEqual({ data: range(1, 5), isWhole: true });
      await publishNumbers(broker, log, 6, 6);
      expect(await readAll(broker, log, head.position)).toEqual({ data: range(2, 6), isWhole: false });
    });

    test("of a topic without history nothing is read, and a reader that missed one is told", async () => {
      const broker = kit.create();
      const log = createLog({ history: 0 });
      const listener = new Listening();
      const { head } = await broker.subscribe(log, listener);
      expect(await readAll(broker, log, head.position)).toEqual({ data: [], isWhole: true });
      const [first, second] = await publishNumbers(broker, log, 1, 2);
      expect(await listener.take(2)).toEqual([1, 2]);
      expect(await readAll(broker, log, first!)).toEqual({ data: [], isWhole: false });
      expect(await readAll(broker, log, second!)).toEqual({ data: [], isWhole: true });
      expect(await readAll(broker, log, head.position)).toEqual({ data: [], isWhole: false });
    });

    test("what is older than the ttl is gone, and a reader from before is told", async () => {
      const broker = kit.create();
      const log = createLog({ ttlMs: 400 });
      const { head } = await broker.subscribe(log, new Listening());
      const [first, second] = await publishNumbers(broker, log, 1, 2);
      expect(await readAll(broker, log, first!)).toEqual({ data: [2], isWhole: true });
      await waitFor(async () => (await broker.read(log, first!, 10)).entries.length === 0, {
        what: "the end of the second entry",
      });
      expect((await broker.read(log, head.position, 10)).reachesBack).toBe(false);
      expect((await broker.read(log, first!, 10)).reachesBack).toBe(false);
      // Who listens is none the wiser: nothing that he has not had is gone.
      expect(await readAll(broker, log, second!)).toEqual({ data: [], isWhole: true });
      const [third] = await publishNumbers(broker, log, 3, 3);
      expect(third).toBeGreaterThan(second!);
      expect((await readAll(broker, log, second!)).data).toEqual([3]);
    });

    test("a limit that was changed is minded, and what it removed is told of", async () => {
      const broker = kit.create();
      const log = createLog({ history: 3 });
      // Another key, so that nothing is gone at the beginning of what they share.
      await publishNumbers(broker, { ...log, key: "first" }, 1, 1);
      const { head } = await broker.subscribe(log, new Listening());
      const positions = await publishNumbers(broker, log, 1, 6);
      const wider = { ...log, history: 50 };
      const other = kit.create();
      await publishNumbers(other, wider, 7, 8);
      expect((await readAll(other, wider, head.position)).isWhole).toBe(false);
      expect((await readAll(other, wider, positions[0]!)).isWhole).toBe(false);
      expect(await readAll(other, wider, positions[4]!)).toEqual({ data: [6, 7, 8], isWhole: true });
      await publishNumbers(other, wider, 9, 30);
      expect((await readAll(other, wider, positions[5]!)).data).toEqual(range(7, 30));
    });
  });

  describe("keys", () => {
    test("of any name are apart from one another and from their topic", async () => {
      const broker = kit.create();
      const topic = uniqueName("quays");
      const logs = [undefined, ...ODD].map((key) => createLog({ topic, key }));
      const listeners = logs.map(() => new Listening());
      for (const [index, log] of logs.entries()) await broker.subscribe(log, listeners[index]!);
      const positions: number[] = [];
      for (const [index, log] of logs.entries()) {
        positions.push((await broker.publish(log, { event: "boat", data: String(index) })).position);
      }
      for (const [index, listener] of listeners.entries()) {
        await listener.take(1);
        expect(listener.data, String(logs[index]!.key)).toEqual([index]);
        const { entries } = await broker.read(logs[index]!, positions[index]! - 1, 10);
        expect(entries.map(({ data }) => JSON.parse(data))).toEqual([index]);
      }
    });

    test("topics of any name are apart", async () => {
      const broker = kit.create();
      const logs = ODD.flatMap((topic) => [createLog({ topic }), createLog({ topic, key: topic })]);
      const listeners = logs.map(() => new Listening());
      for (const [index, log] of logs.entries()) await broker.subscribe(log, listeners[index]!);
      for (const [index, log] of logs.entries()) {
        await broker.publish(log, { event: "boat", data: String(index) });
      }
      for (const [index, listener] of listeners.entries()) {
        await listener.take(1);
        expect(listener.data, logs[index]!.topic).toEqual([index]);
      }
    });

    test("have histories of their own, also where one is busy", async () => {
      const broker = kit.create();
      const topic = uniqueName("quays");
      const [quiet, busy] = ["quiet", "busy"].map((key) => createLog({ topic, key, history: 3 }));
      const [first] = await publishNumbers(broker, quiet!, 1, 1);
      const { head } = await broker.subscribe(
        createLog({ topic, key: "empty", history: 3 }),
        new Listening(),
      );
      await publishNumbers(broker, busy!, 1, 50);
      expect(await readAll(broker, quiet!, first!)).toEqual({ data: [], isWhole: true });
      await publishNumbers(broker, quiet!, 2, 4);
      expect(await readAll(broker, quiet!, first!)).toEqual({ data: range(2, 4), isWhole: true });
      const empty = createLog({ topic, key: "empty", history: 3 });
      await publishNumbers(broker, empty, 1, 3);
      expect(await readAll(broker, empty, head.position)).toEqual({ data: range(1, 3), isWhole: true });
    });
  });

  test("the text of an event comes as it was given, whatever is in it, and a megabyte of it", async () => {
    const [here, there] = [kit.create(), kit.create()];
    const log = createLog();
    const texts = ["⚓ 港 \u2028 \\n", "", "x".repeat(1_048_576), "{}\n"].map((text) => JSON.stringify(text));
    const listener = new Listening();
    const { head } = await there.subscribe(log, listener);
    for (const data of texts) await here.publish(log, { event: "wörd with spaces", data });
    await listener.take(texts.length);
    expect(listener.entries.map(({ data }) => data === texts[0] || data.length)).toEqual(
      texts.map((data) => data === texts[0] || data.length),
    );
    const page = await readAll(there, log, head.position);
    expect(page.isWhole).toBe(true);
    expect(page.data.map((each) => JSON.stringify(each))).toEqual(texts);
    expect(listener.entries.map(({ event }) => event)).toEqual(texts.map(() => "wörd with spaces"));
  });

  test("publishers that don't wait for one another keep their own order, and the log's is what comes", async () => {
    const brokers = [kit.create(), kit.create(), kit.create()];
    const log = createLog({ history: 1_000 });
    // Through a feed, which is what streams are given: NATS may tell of what several publish at once out of order.
    const feed = await acquireFeed(kit.create(), log);
    const start = feed.position;
    const seen: [publisher: number, count: number][] = [];
    let last = start;
    let gaps = 0;
    feed.join({
      onBatch({ entries }) {
        for (const { position, data } of entries.filter((entry) => entry.position > last)) {
          last = position;
          seen.push(JSON.parse(data));
        }
      },
      onGap: () => gaps++,
    });
    await Promise.all(
      brokers.flatMap((broker, publisher) =>
        range(1, 100).map((each) =>
          broker.publish(log, { event: "boat", data: JSON.stringify([publisher, each]) }),
        ),
      ),
    );
    await waitFor(() => seen.length >= 300, { what: () => `300 entries; ${seen.length} came` });
    for (const publisher of [0, 1, 2]) {
      expect(seen.filter(([by]) => by === publisher).map(([, each]) => each)).toEqual(range(1, 100));
    }
    expect((await readAll(brokers[0]!, log, start)).data).toEqual(seen);
    expect(gaps).toBe(0);
    feed.release();
  });

  test("after the close all that is asked fails, and closing again is no error", async () => {
    const broker = kit.create();
    const log = createLog();
    await publishNumbers(broker, log, 1, 1);
    await broker.close();
    await broker.close();
    await expect(publishNumbers(broker, log, 2, 2)).rejects.toThrow(BrokerError);
    await expect(broker.subscribe(log, new Listening())).rejects.toThrow(/closed/);
    await expect(broker.read(log, 0, 1)).rejects.toThrow(/closed/);
  });
});
