// Three server processes on one broker, three hundred clients that hop between them while processes are killed, connections
// cut and the broker restarted. Numbers tell whether anything was lost, doubled or reordered.
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";

import { BrokerError } from "../../src/errors/topic-errors.ts";
import { describeServers } from "../helpers/brokers.ts";
import { Child } from "../helpers/child.ts";
import { freePort } from "../helpers/program.ts";
import { settles, waitFor } from "../helpers/wait-for.ts";
import { createRandom, HoppingClient, type Findings } from "./hopping-client.ts";

const CLIENTS = 300;
const ROUNDS = 3;
const fixture = fileURLToPath(new URL("fixtures/beacon-server.ts", import.meta.url));

describeServers("F16, F19: clients hopping between three processes", (kit) => {
  test("lose nothing, see nothing twice and nothing out of order, while processes die and the broker restarts", async () => {
    const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`SEED=${seed}`);
    const random = createRandom(seed);
    const ports = await Promise.all([freePort(), freePort(), freePort()]);
    const launch = async (port: number): Promise<Child> => {
      const child = new Child(fixture, { args: [kit.kind, kit.url, String(port)], ownedByTest: false });
      await child.message((message) => message.port, 120_000);
      return child;
    };
    const children = await Promise.all(ports.map(launch));
    onTestFinished(async () => void (await Promise.all(children.map((child) => child.stop()))));

    const findings: Findings = { doubled: [], gaps: [], skipped: new Map() };
    const clients = Array.from(
      { length: CLIENTS },
      (_, index) => new HoppingClient(`client ${index}`, findings, createRandom(seed + index + 1)),
    );
    onTestFinished(async () => void (await Promise.all(clients.map((client) => client.stop()))));
    const urls = ports.map((port) => `http://127.0.0.1:${port}/api/beacon/watch`);
    for (const client of clients) client.start(urls, [500, 8_000]);

    // One publisher, so that the numbers tell the order. What it has no answer for may have come or not.
    const publisher = kit.create({ publishTimeout: 30_000 });
    const log = { topic: "beacon", key: undefined, history: 10_000, ttlMs: 3_600_000 };
    const unacknowledged = new Set<number>();
    let published = 0;
    const over = new AbortController();
    const publishing = (async () => {
      while (!over.signal.aborted) {
        const number = ++published;
        try {
          await publisher.publish(log, { event: "flash", data: String(number) });
        } catch (error) {
          if (!(error instanceof BrokerError)) throw error;
          unacknowledged.add(number);
        }
        await delay(random() * 150);
      }
    })();

    for (let round = 0; round < ROUNDS; round++) {
      const target = published + 15;
      await waitFor(() => published >= target, { what: "events published", boundMs: 120_000 });
      const victim = Math.floor(random() * children.length);
      await children[victim]!.stop();
      const restarted = launch(ports[victim]!).then((child) => (children[victim] = child));
      if (round === 1) {
        await kit.server.kill();
        await delay(random() * 500);
        await kit.server.start();
      }
      await restarted;
    }
    over.abort();
    await settles(publishing, { boundMs: 40_000, what: "the last publish" });
    // Whoever has not come to the end by then does so on another server.
    const last = [...Array(published).keys()]
      .map((each) => published - each)
      .find((each) => !unacknowledged.has(each))!;
    await waitFor(() => clients.every((client) => client.last >= last), {
      boundMs: 120_000,
      what: () =>
        `number ${last} at all clients; ${clients.filter((client) => client.last < last).length} have not had it; ` +
        `the first ${findings.gaps.slice(0, 3).join("\n")}; processes:\n${children.map(({ output }) => output.slice(-2_000)).join("\n")}`,
    });
    const lost = [...findings.skipped]
      .filter(([number]) => !unacknowledged.has(number))
      .map(([, where]) => where);
    expect(lost).toEqual([]);
    expect(findings.doubled).toEqual([]);
    expect(findings.gaps).toEqual([]);
    const sum = (of: (client: HoppingClient) => number) =>
      clients.reduce((total, each) => total + of(each), 0);
    console.log(
      `${kit.kind}: ${published} published, ${unacknowledged.size} unacknowledged, ` +
        `${sum((each) => each.received)} received on ${sum((each) => each.connections)} connections`,
    );
    expect(sum((each) => each.connections)).toBeGreaterThan(CLIENTS * 2);
  }, 400_000);
});
