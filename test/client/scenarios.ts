// What the suite has a client do, wherever it runs: in this process, or bundled in a page of a browser. What
// goes in and comes out is JSON. Nothing here is of Node.

import {
  createClient,
  type ClientOptions,
  type StreamMethod,
  type SubscribeOptions,
} from "pinestream/client";
import { createEventStreamReader } from "../../src/wire/event-stream-reader.ts";
import type { ParserResult } from "./parser-cases.ts";

/** How to read one stream to its end. */
export interface CollectOptions {
  /** Path below the client's address, as an endpoint. */
  path: string;
  method?: "GET" | "POST";
  params?: object;
  client: ClientOptions;
  call?: Omit<SubscribeOptions, "signal">;
  /** Closes the stream after that many events. */
  closeAfter?: number;
  /** Reads with a loop rather than with handlers. */
  loop?: boolean;
  /** A header whose value counts the attempts. */
  countingHeader?: string;
}

/** What came of it. */
export interface Collected {
  events: { event: string; data: unknown; id?: string }[];
  /** `status`, or `status/retryCount` where that is not 0. */
  statuses: string[];
  final: string;
  lastEventId: string;
  error?: { name: string; message: string; code: string; status?: number; issues?: unknown };
}

/** Event names that handlers are set up for. */
const EVENTS = ["message", "tick", "gap"] as const;

async function collect(options: CollectOptions): Promise<Collected> {
  const { path, method = "GET", params = {}, client, call = {}, closeAfter, loop, countingHeader } = options;
  let attempts = 0;
  const headers = countingHeader ? async () => ({ [countingHeader]: String(++attempts) }) : client.headers;
  const { test } = createClient<{ test: { run: StreamMethod<object, Record<string, unknown>> } }>(
    { test: { run: { kind: "stream", method, path } } },
    { prefix: "", ...client, headers },
  );
  const stream = test.run(params, call);
  const collected: Collected = { events: [], statuses: [], final: "", lastEventId: "" };
  const tell = () => void fetch(`${client.baseUrl}/taken`, { mode: "no-cors" }).catch(() => {});
  stream.onStatus((status) => {
    if (status === "open") tell();
    collected.statuses.push(stream.retryCount > 0 ? `${status}/${stream.retryCount}` : status);
  });
  const take = (event: Collected["events"][number]): void => {
    collected.events.push(event);
    tell();
    if (collected.events.length === closeAfter) stream.close();
  };
  if (loop) {
    try {
      for await (const event of stream) take(event);
    } catch {
      // The error is in `stream.error`, too.
    }
  } else for (const event of EVENTS) stream.on(event, (_data, received) => take(received));
  collected.final = await stream.closed;
  collected.lastEventId = stream.lastEventId;
  if (stream.error) {
    const { name, message, code, status, issues } = stream.error as Required<Collected>["error"];
    collected.error = { name, message, code, status, issues };
  }
  return collected;
}

/** Reads a stream given as numbers, cut into pieces at the given places. */
async function parse({ bytes, cuts }: { bytes: number[]; cuts: number[] }): Promise<ParserResult> {
  const events: ParserResult["events"] = [];
  const reader = createEventStreamReader(
    { onEvent: ({ event, data, id }) => events.push([event, data, id]) },
    "",
  );
  const ends = [...cuts, bytes.length];
  for (const [index, end] of ends.entries()) {
    reader.push(Uint8Array.from(bytes.slice(index === 0 ? 0 : ends[index - 1], end)));
  }
  return { events, lastEventId: reader.lastEventId, retry: reader.retryMs ?? null };
}

/** Reads a stream whole, cut in two at every byte, cut everywhere, and gives the results that differ. */
async function parseEveryWay({ bytes }: { bytes: number[] }): Promise<ParserResult[]> {
  const everywhere = bytes.map((_, index) => index);
  const ways = [[], everywhere, ...everywhere.map((cut) => [cut])];
  const results = new Map<string, ParserResult>();
  for (const cuts of ways) {
    const result = await parse({ bytes, cuts });
    results.set(JSON.stringify(result), result);
  }
  return [...results.values()];
}

export const scenarios = { collect, parse, parseEveryWay };

/** Runs a scenario somewhere. */
export interface Environment {
  readonly name: string;
  /** `false` where `fetch` has no cache, and so asks for nothing of those on the way. */
  readonly hasCache?: boolean;
  run<Name extends keyof typeof scenarios>(
    name: Name,
    options: Parameters<(typeof scenarios)[Name]>[0],
  ): ReturnType<(typeof scenarios)[Name]>;
}
