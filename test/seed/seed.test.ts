import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Child } from "../helpers/child.ts";
import { openRaw } from "../helpers/raw-client.ts";
import { events, over } from "../helpers/stream-client.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { hasSeed, readSamples, readWrongPublishes } from "./samples.ts";
import { DECORATORS, keyOf, writeWorkspace } from "./workspace.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const samples = hasSeed ? readSamples() : [];

const check = (tsconfig: string) => {
  const { status, stdout } = spawnSync(`${ROOT}node_modules/.bin/tsc`, ["-p", tsconfig], {
    encoding: "utf8",
  });
  return { status, errors: stdout };
};

const ENDLESS: Record<
  string,
  { query: string; table?: string; columns?: Record<string, string>; row?: object; first: object }
> = {
  "streamNotifications#2": {
    query: "?userId=7",
    table: "notifications",
    columns: { user_id: "integer", type: "text", message: "text", created_at: "timestamptz" },
    row: { user_id: 7, type: "like", message: "hello" },
    first: {
      event: "notification",
      data: { id: 1, type: "like", message: "hello", createdAt: expect.any(String) },
    },
  },
  streamNewPosts: {
    query: "",
    table: "posts",
    columns: { title: "text", author_name: "text", created_at: "timestamptz" },
    row: { title: "First", author_name: "Ann" },
    first: {
      event: "newPost",
      data: { id: 1, title: "First", author: "Ann", createdAt: expect.any(String) },
    },
  },
  streamChatRoom: { query: "?roomId=3", first: { event: "joined", data: { userId: 7, username: "Ann" } } },
  streamServerStatus: { query: "", first: { event: "status", data: { cpu: 95, memory: 20, disk: 30 } } },
  streamData: { query: "", first: { event: "message", data: "Hello" } },
  streamWithKeepAlive: { query: "", first: { event: "message", data: "Data" } },
};

test.skipIf(!hasSeed)("every sample of the seed is found", () => {
  expect(samples.map((sample) => keyOf(samples, sample))).toEqual([
    "streamNotifications#1",
    "streamNotifications#2",
    "streamTaskProgress",
    "streamNewPosts",
    "streamChatRoom",
    "streamServerStatus",
    "streamData",
    "streamWithKeepAlive",
    "streamWithErrorHandling",
  ]);
  expect(readWrongPublishes()).toHaveLength(3);
});

describe.skipIf(!hasSeed).each(DECORATORS)("the seed's samples, %s decorators", (kind) => {
  const workspace = hasSeed ? writeWorkspace(kind, samples) : undefined!;
  let child: Child;
  const ports: Record<string, number> = {};

  const pathOf = (key: string, query: string) => {
    const sample = samples.find((each) => keyOf(samples, each) === key)!;
    const model = sample.className.replace(/ModelClass$/, "").replace(/^./, (first) => first.toLowerCase());
    return `/api/${model}/${sample.method}${query}`;
  };
  const open = async (key: string, query = "") => {
    ports[key] ??= await child.call<number>("serve", key);
    return openRaw({ port: ports[key] }, { path: pathOf(key, query), headers: { authorization: "anyone" } });
  };

  beforeAll(async () => {
    child = new Child(fileURLToPath(new URL("run-samples.ts", import.meta.url)), {
      args: [workspace.folder, JSON.stringify(workspace.files)],
      tsconfig: workspace.tsconfig,
      ownedByTest: false,
    });
    await child.message((message) => message.ready);
  });
  afterAll(async () => await child?.stop());
  beforeEach(async () => await child.call("reset"));

  test("compile unchanged", () => {
    expect(check(workspace.tsconfig)).toEqual({ status: 0, errors: "" });
  });

  test("what the seed calls a compile error is one", () => {
    const folder = `${ROOT}.cache/seed-wrong-${kind}/`;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    // The wrong calls, each in place of the right one of a sample that compiles; and a method without `*`.
    const [first, , ...others] = samples;
    const right = /sse\.publish\([^]*?\}\);/.exec(first!.module)![0];
    const message = others.find((each) => each.name === "streamData")!;
    const wrong = [
      ...readWrongPublishes().map((call) =>
        call.includes("'msg'")
          ? message.module.replace("sse.publish('message', 'Hello');", call)
          : first!.module.replace(right, call.replace("{ ... }", "{ id: 1 }")),
      ),
      first!.module.replace("async *", "async "),
    ];
    expect(new Set([...wrong, first!.module, message.module]).size).toBe(wrong.length + 2);
    const { compilerOptions } = JSON.parse(readFileSync(workspace.tsconfig, "utf8"));
    const files = wrong.map((module, index) => {
      writeFileSync(`${folder}wrong-${index + 1}.ts`, module);
      return `wrong-${index + 1}.ts`;
    });
    writeFileSync(`${folder}tsconfig.json`, JSON.stringify({ compilerOptions, include: ["*.ts"] }));
    const { errors } = check(`${folder}tsconfig.json`);
    for (const file of files) expect(errors).toContain(`${file}(`);
  });

  test("the first sample sends its event and ends", async () => {
    const client = await over(await open("streamNotifications#1", "?userId=1"));
    expect(client.status).toBe(200);
    expect(client.stream.events).toMatchObject([
      { event: "notification", data: '{"id":1,"message":"Hello, World!"}' },
      { event: "end", data: "END" },
    ]);
    expect(client.finished).toBe(true);
  });

  test("the task's progress runs to its end", async () => {
    const client = await over(await open("streamTaskProgress", "?taskId=1"));
    expect(client.stream.dataOf("progress").map((each) => each.percentage)).toEqual([
      0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100,
    ]);
    expect(client.stream.names.slice(-2)).toEqual(["complete", "end"]);
  });

  test("a client that leaves in the middle of the task's progress unwinds it", async () => {
    const client = await open("streamTaskProgress", "?taskId=1");
    await events(client, 1, "progress");
    client.leave();
    await waitFor(async () => (await child.call("counts")).ended === 1, { what: "the sample's finally" });
    expect((await child.call("counts")).timeouts).toBeLessThan(11);
    expect(await child.call("open", "streamTaskProgress")).toBe(0);
  });

  test("the error handling sample sends its data, or its error as an event", async () => {
    const good = await over(await open("streamWithErrorHandling"));
    expect(good.stream.events).toMatchObject([{ event: "data", data: '{"value":42}' }, { event: "end" }]);
    await child.call("failGetSomeData");
    const bad = await over(await open("streamWithErrorHandling"));
    expect(bad.stream.events).toMatchObject([
      { event: "error", data: '{"message":"no data today"}' },
      { event: "end" },
    ]);
  });

  for (const [key, { query, table, columns, row, first }] of Object.entries(ENDLESS)) {
    test(`${key} sends its events, and its finally runs once the client has left`, async () => {
      ports[key] ??= await child.call<number>("serve", key);
      if (columns) await child.call("insert", key, table, columns, {});
      const client = await open(key, query);
      await waitFor(async () => (await child.call("counts")).timeouts > 0, {
        what: "the sample's first round",
      });
      if (columns) await child.call("insert", key, table, columns, row);
      await events(client, 1);
      const { event, data } = first as { event: string; data: unknown };
      expect(client.stream.events[0]!.event).toBe(event);
      expect(JSON.parse(client.stream.events[0]!.data)).toEqual(data);
      const before = await child.call("counts");
      expect(before.ended).toBe(0);

      client.leave();
      await waitFor(async () => (await child.call("counts")).ended === 1, { what: "the sample's finally" });
      await waitFor(async () => (await child.call("open", key)) === 0, { what: "the stream's end" });
      const after = await child.call("counts");
      if (key === "streamWithKeepAlive") expect(after.intervalsCleared).toBe(1);
      if (key === "streamChatRoom") expect(after.userReads).toBeGreaterThan(before.userReads);
      if (key === "streamData") expect(child.output).toContain("Client disconnected");
      expect(child.output).not.toMatch(/\b(unhandled|TypeError|ReferenceError)\b/i);
    });
  }

  test("the chat room goes on with messages, the monitor with alerts", async () => {
    const chat = await open("streamChatRoom", "?roomId=3");
    const messages = await events(chat, 3, "message");
    expect(messages[0]).toMatchObject({ text: "room 3", sender: "Ann" });
    chat.leave();
    const monitor = await open("streamServerStatus");
    const alerts = await events(monitor, 2, "alert");
    expect(new Set(alerts.map((alert) => alert.level))).toEqual(new Set(["critical", "warning"]));
    monitor.leave();
    await waitFor(async () => (await child.call("counts")).ended === 2, { what: "both samples' finally" });
  });

  test("the new posts arrive once each, newest first", async () => {
    const key = "streamNewPosts";
    const { table, columns } = ENDLESS[key]!;
    ports[key] ??= await child.call<number>("serve", key);
    await child.call("insert", key, table, columns, {});
    const client = await open(key);
    await waitFor(async () => (await child.call("counts")).timeouts > 0, {
      what: "the sample's first round",
    });
    for (const title of ["one", "two", "three"]) {
      await child.call("insert", key, table, columns, { title, author_name: "Ann" });
      await waitFor(() => client.stream.dataOf("newPost").some((post) => post.title === title), {
        what: `post ${title}`,
      });
    }
    const { timeouts } = await child.call("counts");
    await waitFor(async () => (await child.call("counts")).timeouts > timeouts + 3, {
      what: "further rounds",
    });
    expect(client.stream.dataOf("newPost").map((post) => post.title)).toEqual(["one", "two", "three"]);
    client.leave();
  });
});
