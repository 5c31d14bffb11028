import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type * as Threads from "node:worker_threads";
import type { Worker } from "node:worker_threads";

import { afterEach, expect, onTestFinished, test, vi } from "vitest";

import { settles, waitFor } from "../../test/helpers/wait-for.ts";
import { EmbeddedSource, type EmbeddedOptions } from "./embedded-source.ts";

const workers = vi.hoisted(() => [] as Worker[]);
vi.mock("node:worker_threads", async (load) => {
  const original = await load<typeof Threads>();
  return {
    ...original,
    Worker: class extends original.Worker {
      constructor(...args: ConstructorParameters<typeof original.Worker>) {
        super(...args);
        workers.push(this);
      }
    },
  };
});
// A start takes a second or two, on a machine that is busy many more.
vi.setConfig({ testTimeout: 90_000 });
afterEach(() => workers.splice(0));

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "pinestream-embedded-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

const open = (options?: EmbeddedOptions) => {
  const source = new EmbeddedSource(options);
  onTestFinished(() => source.close());
  const query = async (text: string) => {
    const session = await source.connect();
    try {
      return (await session.query(text, [])).rows;
    } finally {
      session.release(false);
    }
  };
  return { source, query };
};

test("never blocks the event loop while it makes a cluster, which it keeps for the next; a damaged one is made anew", async () => {
  const cacheDir = folder();
  const first = open({ cacheDir });
  let started = false;
  let turns = 0;
  const count = (): void => {
    turns++;
    if (!started) setTimeout(count, 1);
  };
  count();
  expect(await first.query("select 1")).toEqual([["1"]]);
  started = true;
  // On this thread, a start is a handful of turns of a second each.
  expect(turns).toBeGreaterThan(200);
  const [name = ""] = readdirSync(cacheDir);
  expect(readdirSync(cacheDir)).toEqual([expect.stringMatching(/^cluster-\d+\.\d+\.\d+\.tar\.gz$/)]);
  const path = join(cacheDir, name);
  const { size, ino } = statSync(path);

  expect(await open({ cacheDir }).query("select 2")).toEqual([["2"]]);
  expect(statSync(path).ino).toBe(ino);

  truncateSync(path, Math.floor(size / 2));
  expect(await open({ cacheDir }).query("select 3")).toEqual([["3"]]);
  expect(statSync(path).size).toBeGreaterThan(size * 0.9);
  expect(readdirSync(cacheDir)).toEqual([name]);
});

test("keeps a folder's data over a close", async () => {
  const dataDir = join(folder(), "data");
  const first = open({ dataDir });
  await first.query("create table kept (id int); insert into kept values (7)");
  await first.source.close();
  expect(readdirSync(join(dataDir, ".."))).toEqual(["data"]);
  expect(await open({ dataDir }).query("select id from kept")).toEqual([["7"]]);
});

test("refuses a folder that holds something else, and touches nothing in it", async () => {
  const dataDir = folder();
  writeFileSync(join(dataDir, "mine.txt"), "precious");
  const { query } = open({ dataDir });
  await expect(query("select 1")).rejects.toMatchObject({ code: "PINE_DATABASE" });
  await expect(query("select 1")).rejects.toThrow(/neither empty nor the folder of a database/);
  expect(readdirSync(dataDir)).toEqual(["mine.txt"]);
});

test("opens a folder once at a time, and takes over what a dead process left locked", async () => {
  const dataDir = join(folder(), "data");
  const first = open({ dataDir });
  await first.query("select 1");
  await expect(open({ dataDir }).query("select 2")).rejects.toThrow(/is in use by this process/);
  await first.source.close();
  expect(readdirSync(join(dataDir, ".."))).toEqual(["data"]);
  writeFileSync(`${dataDir}.lock`, String(process.ppid));
  await expect(open({ dataDir }).query("select 3")).rejects.toThrow(`is in use by process ${process.ppid}`);
  const dead = spawn(process.execPath, ["--version"]);
  await once(dead, "exit");
  writeFileSync(`${dataDir}.lock`, String(dead.pid));
  expect(await open({ dataDir }).query("select 4")).toEqual([["4"]]);
});

test("starts nothing before the first query, nor by a close", async () => {
  const { source } = open();
  await source.close();
  expect(workers).toEqual([]);
  await expect(source.connect()).rejects.toThrow(/has been closed/);
});

test("a close while it starts settles, rejects what waits, and leaves no half of a folder", async () => {
  const dataDir = join(folder(), "data");
  const { source, query } = open({ dataDir });
  const waiting = [query("select 1"), query("select 2")].map((result) =>
    result.catch((error: unknown) => error),
  );
  await waitFor(() => workers.length, { what: "the start" });
  await settles(source.close(), { boundMs: 5_000, what: "the close while it starts" });
  for (const error of await settles(Promise.all(waiting), { what: "what waited" })) {
    expect(error).toMatchObject({ code: "PINE_DATABASE", message: expect.stringMatching(/has been closed/) });
  }
  expect(await open({ dataDir }).query("select 3")).toEqual([["3"]]);
});

test("a close waits for the running query", async () => {
  const { source, query } = open();
  await query("select 1");
  const running = query("select count(*) from generate_series(1, 300000)");
  await turn();
  await source.close();
  expect(await running).toEqual([["300000"]]);
});

test("when its thread dies, what waits is told, and what was in memory is not silently begun anew", async () => {
  const { query } = open();
  await query("select 1");
  const waiting = query("select pg_sleep(60)");
  const failed = expect(waiting).rejects.toThrow(/ended unexpectedly/);
  await turn();
  await workers[0]?.terminate();
  await failed;
  await expect(query("select 1")).rejects.toMatchObject({ code: "PINE_DATABASE" });
});

test("when its thread dies, a folder is opened again by the next query", async () => {
  const dataDir = join(folder(), "data");
  const { query } = open({ dataDir });
  await query("create table kept (id int); insert into kept values (7)");
  await workers[0]?.terminate();
  expect(await query("select id from kept")).toEqual([["7"]]);
});

test("sessions are handed out one by one, in order, and a broken one is rolled back", async () => {
  const { source, query } = open();
  const first = await source.connect();
  await first.query("begin; create table gone (id int)", []);
  const order: string[] = [];
  const others = ["a", "b"].map((name) => query(`select '${name}'`).then(() => order.push(name)));
  await turn();
  expect(order).toEqual([]);
  first.release(true);
  await Promise.all(others);
  expect(order).toEqual(["a", "b"]);
  await expect(query("select * from gone")).rejects.toMatchObject({ code: "42P01" });
});

test.each([
  ["an answered query lets the process end", "await count();", "1"],
  ["a query that waits for its answer keeps the process alive", "void count();", "1"],
])("%s", async (_name, body, printed) => {
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const script = `
    import { openDatabase } from "./src/database/database.ts";
    import { sql } from "kysely";
    const { kysely } = openDatabase({ url: "" });
    const count = async () => console.log((await sql\`select 1 as one\`.execute(kysely)).rows[0].one);
    ${body}`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    cwd: root,
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  const [code] = await settles(once(child, "exit"), {
    boundMs: 50_000,
    what: () => `the process ends: ${output}`,
  });
  expect([code, output.trim()]).toEqual([0, printed]);
});

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
