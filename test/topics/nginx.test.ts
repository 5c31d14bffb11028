// Many processes behind nginx, with the configuration that docs/production.md recommends.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";

import { skip } from "../helpers/brokers.ts";
import { Child } from "../helpers/child.ts";
import { missingNginx, NginxServer } from "../helpers/nginx.ts";
import { openRaw, type RawResponse } from "../helpers/raw-client.ts";
import { missingRedis, RedisServer } from "../helpers/redis.ts";
import { events } from "../helpers/stream-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

const document = readFileSync(new URL("../../docs/production.md", import.meta.url), "utf8");
const fixture = fileURLToPath(new URL("fixtures/beacon-server.ts", import.meta.url));
const title = "many processes behind nginx";
const missing = missingNginx() ?? missingRedis();

/** The configuration of the document, with the ports of the test; the third process is one that is not there. */
function configure(upstreams: readonly number[]): (port: number) => string {
  const section = document.slice(document.indexOf("## Many processes behind nginx"));
  const [, text = ""] = /```nginx\n([^]*?)```/.exec(section) ?? [];
  return (port) =>
    upstreams.reduce(
      (config, upstream, index) => config.replace(`127.0.0.1:300${index + 1}`, `127.0.0.1:${upstream}`),
      text.replace("listen 8080;", `listen 127.0.0.1:${port};`),
    );
}

const suite = (): void => {
  test("streams come at once, go on at another process, stay open while idle, and are given up when their client leaves", async () => {
    const redis = await RedisServer.launch();
    onTestFinished(() => redis[Symbol.asyncDispose]());
    const children = [0, 1].map(() => new Child(fixture, { args: ["redis", redis.url, "0"] }));
    const ports = await Promise.all(
      children.map(async (child) => (await child.message((message) => message.port, 90_000)).port as number),
    );
    const nginx = await NginxServer.launch(configure([...ports, 1]));
    onTestFinished(() => nginx[Symbol.asyncDispose]());
    const clients: RawResponse[] = [];
    onTestFinished(() => clients.forEach((client) => client.leave()));
    const open = async (lastEventId?: string): Promise<RawResponse> => {
      const headers: Record<string, string> =
        lastEventId === undefined ? {} : { "last-event-id": lastEventId };
      const client = openRaw({ port: nginx.port }, { path: "/api/beacon/watch", headers });
      clients.push(client);
      await waitFor(
        () => client.stream.lastEventId !== "" || client.stream.events.length > 0 || lastEventId,
        {
          what: () => `the beginning of the stream:\n${client.stream.text}\n${nginx.log}`,
        },
      );
      return client;
    };
    const openAt = (child: Child): Promise<number> => child.call("open");

    // Both processes have streams, and the one that is not there costs nobody anything.
    for (let each = 0; each < 6; each++) await open();
    expect(clients.map(({ status }) => status)).toEqual(clients.map(() => 200));
    for (const child of children) expect(await openAt(child)).toBeGreaterThan(0);

    // One small event at a time, which would wait in a buffer if there was one.
    for (const [index, child] of [...children, ...children].entries()) {
      await child.call("publish", index + 1);
      for (const client of clients) await events(client, index + 1, "flash");
    }
    expect(clients[0]!.headers["content-type"]).toMatch("text/event-stream");
    expect(clients[0]!.headers["x-accel-buffering"]).toBeUndefined();

    // Keep-alives pass, and nothing else.
    const comments = clients[0]!.stream.comments.length;
    await waitFor(() => clients[0]!.stream.comments.length > comments + 1, { what: "two keep-alives" });
    expect(clients.every((client) => !client.over)).toBe(true);

    // The handler hears of it when its client leaves.
    const total = async () => (await openAt(children[0]!)) + (await openAt(children[1]!));
    for (const client of clients.splice(0, 3)) client.leave();
    await waitFor(async () => (await total()) === 3, { what: "the end of three handlers" });

    // A process dies; its clients come back by their ids and have missed nothing.
    const ids = clients.map((client) => client.stream.lastEventId);
    await children[1]!.stop();
    for (let each = 5; each <= 9; each++) await children[0]!.call("publish", each);
    for (const id of ids) {
      const client = await open(id);
      expect(await events(client, 5)).toEqual([5, 6, 7, 8, 9]);
    }
  }, 180_000);
};

if (missing === undefined) describe(title, suite);
else skip(title, missing, suite);
