// What a page of the tests does: it opens streams with a shared fetch and notes what comes. Nothing here is of Node.

import {
  createClient,
  type ClientOptions,
  type StreamMethod,
  type StreamSubscription,
} from "pinestream/client";
export { sharedFetch };
import { sharedFetch, type SharedFetchOptions } from "pinestream/client/tabs";

/** How to open a stream. */
export interface OpenOptions {
  /** Path below the page's origin. */
  path: string;
  lastEventId?: string;
  headers?: Record<string, string>;
  credentials?: ClientOptions["credentials"];
  retry?: ClientOptions["retry"];
  /** Options for `sharedFetch`; `false` for the plain one. One that is equal is the same function. */
  share?: Omit<SharedFetchOptions, "fetch"> | false;
  /** Reads with a loop that takes no more than so many events before it waits for ever. */
  takes?: number;
}

/** What came of it so far. */
export interface Seen {
  events: { event: string; data: unknown; id?: string }[];
  statuses: string[];
  status: string;
  error?: { code?: string; status?: number; message: string };
}

type Events = Record<"tick" | "message" | "gap", unknown>;

const streams: { seen: Seen; stream: StreamSubscription<Events> }[] = [];
const shared = new Map<string, typeof fetch>();

function getFetch(share: OpenOptions["share"]): typeof fetch | undefined {
  if (share === false) return undefined;
  const key = JSON.stringify(share ?? {});
  const existing = shared.get(key);
  if (existing) return existing;
  const made = sharedFetch(share);
  shared.set(key, made);
  return made;
}

/** Opens a stream and gives its number. */
export function open(options: OpenOptions): number {
  const { path, lastEventId, headers, credentials, share = { scope: "harbour" }, takes } = options;
  const { test } = createClient<{ test: { run: StreamMethod<object, Events> } }>(
    { test: { run: { kind: "stream", method: "GET", path } } },
    {
      prefix: "",
      headers,
      credentials,
      fetch: getFetch(share),
      retry: options.retry ?? { interval: 2, maxInterval: 20 },
    },
  );
  const stream = test.run({}, { lastEventId });
  const seen: Seen = { events: [], statuses: [], status: stream.status };
  const note = (): void => {
    seen.status = stream.status;
    seen.statuses.push(stream.status);
    const { error } = stream as { error?: Seen["error"] };
    seen.error = error && { code: error.code, status: error.status, message: error.message };
  };
  stream.onStatus(note);
  if (takes === undefined) {
    for (const event of ["tick", "message", "gap"] as const) {
      stream.on(event, (_data, received) => void seen.events.push(received));
    }
  } else void takeSome(stream, seen, takes);
  return streams.push({ seen, stream }) - 1;
}

async function takeSome(stream: StreamSubscription<Events>, seen: Seen, count: number): Promise<void> {
  for await (const event of stream) {
    seen.events.push(event);
    if (seen.events.length >= count) await new Promise<void>((resolve) => resume.push(resolve));
  }
}

const resume: (() => void)[] = [];

/** Lets loops that wait go on for good. */
export function goOn(): void {
  for (const each of resume.splice(0)) each();
  Object.assign(resume, { push: (each: () => void) => each() });
}

/** What came of the stream of that number. */
export function read(index = 0): Seen {
  return streams[index]!.seen;
}

/** How many events the stream of that number has brought so far. */
export function count(index = 0): number {
  return read(index).events.length;
}

/** The data of the last event so far. */
export function last(index = 0): unknown {
  return read(index).events.at(-1)?.data;
}

/** Closes the stream of that number. */
export function close(index = 0): void {
  streams[index]!.stream.close();
}

/** The names of the locks that are held, and of those that are waited for. */
export async function queryLocks(): Promise<{ held: string[]; pending: string[] }> {
  type Locks = { name: string }[];
  const { locks } = (
    globalThis as unknown as {
      navigator: { locks: { query(): Promise<{ held: Locks; pending: Locks }> } };
    }
  ).navigator;
  const { held, pending } = await locks.query();
  return { held: held.map(({ name }) => name), pending: pending.map(({ name }) => name) };
}

/** Lets no request for a lock reach the browser any more. */
export function holdBackLocks(): void {
  const { locks } = (globalThis as unknown as { navigator: { locks: { request: unknown } } }).navigator;
  locks.request = () => new Promise(() => {});
}

/** Lets nothing that is said to other tabs leave the page any more. */
export function silence(): void {
  const { BroadcastChannel } = globalThis as unknown as { BroadcastChannel: { prototype: object } };
  Object.assign(BroadcastChannel.prototype, { postMessage() {} });
}

/** Stands still until the server has answered at that path: nothing of the page runs before. */
export function standStill(path: string): void {
  const { XMLHttpRequest } = globalThis as unknown as {
    XMLHttpRequest: new () => { open(method: string, path: string, isAsync: boolean): void; send(): void };
  };
  const request = new XMLHttpRequest();
  request.open("GET", path, false);
  request.send();
}

/** Waits until a request has gone to the server and come back, so that all that was asked for before is there. */
export async function askForPage(): Promise<void> {
  await (await fetch("/page")).text();
}

/** The first that the body of a shared stream brings. */
export async function readFirst(path: string): Promise<string> {
  const fetch = getFetch({ scope: "harbour" }) as typeof globalThis.fetch;
  const controller = new AbortController();
  const { signal } = controller;
  const response = await fetch(path, { headers: { accept: "text/event-stream" }, signal });
  const reader = response.body?.getReader();
  const { value } = (await reader?.read()) ?? {};
  controller.abort();
  return new TextDecoder().decode(value);
}
