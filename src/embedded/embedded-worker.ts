// The embedded database's side of the thread border: owns the PGlite and answers requests one by one.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";

import type * as PGliteModule from "@electric-sql/pglite";

import { openCluster } from "./cluster.ts";
import { toErrorFields, type Reply, type Request, type WorkerOptions } from "./embedded-protocol.ts";
import type { RawResult } from "../session/sessions.ts";

const require = createRequire(import.meta.url);
const toText = (value: unknown): string => value as string;
// Values cross as text, both ways and whatever their type.
const serializers = new Proxy<Record<number, typeof toText>>({}, { get: () => toText });

const opened = open();
opened.catch(() => undefined);
let last: Promise<unknown> = opened.catch(() => undefined);

parentPort?.on("message", (request: Request) => {
  last = last.then(() => answer(request));
});

async function open(): Promise<PGliteModule.PGlite> {
  try {
    const path = require.resolve("@electric-sql/pglite");
    const { PGlite } = require(path) as typeof PGliteModule;
    const about = readFileSync(join(dirname(path), "..", "package.json"), "utf8");
    const { version } = JSON.parse(about) as { version: string };
    const options = workerData as WorkerOptions;
    const database = await openCluster(PGlite, { ...options, version });
    await database.exec("set time zone 'UTC'; set datestyle = 'ISO, MDY'; set bytea_output = 'hex'");
    database.onNotification((channel, payload) => send({ kind: "notification", channel, payload }));
    send({ kind: "started" });
    return database;
  } catch (error) {
    const missing = (error as { code?: unknown }).code === "MODULE_NOT_FOUND";
    send({ kind: "failed", missing, error: toErrorFields(error) });
    throw error;
  }
}

async function answer(request: Request): Promise<void> {
  try {
    const database = await opened;
    if (request.kind === "close") {
      await database.close();
      send({ kind: "result", id: request.id, result: undefined });
      return;
    }
    const result = await run(database, request.text, request.parameters);
    send({ kind: "result", id: request.id, result });
  } catch (error) {
    send({ kind: "error", id: request.id, error: toErrorFields(error) });
  }
}

async function run(
  database: PGliteModule.PGlite,
  text: string,
  parameters: readonly (string | null)[],
): Promise<RawResult> {
  const parsers = Object.fromEntries(Object.keys(database.parsers).map((type) => [type, toText]));
  const options = { rowMode: "array", parsers, serializers } as const;
  // Without parameters by the simple protocol, as `pg` does, which takes several statements at once.
  const result =
    parameters.length > 0
      ? await database.query(text, [...parameters], options)
      : (await database.exec(text, options)).at(-1);
  return {
    command: result?.command ?? "",
    rowCount: result?.rowCount ?? 0,
    fields: result?.fields ?? [],
    rows: (result?.rows ?? []) as (string | null)[][],
  };
}

function send(reply: Reply): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
  parentPort?.postMessage(reply);
}
