// An api whose requests never leave the process: a test answers them piece by piece.
import { createClient, type CallMethod, type ClientOptions, type StreamMethod } from "pinestream/client";
import { waitFor } from "../helpers/wait-for.ts";

/** A request, to be answered by hand with an open stream. */
export interface Pending {
  url: string;
  init: RequestInit;
  /** Pieces that were asked for beyond those given. */
  pulls: number;
  isCancelled: boolean;
  send(text: string): void;
  finish(): void;
}

/** What the tests call. */
export interface Api {
  test: {
    run: StreamMethod<{ a?: number; b?: string }, { tick: number; tock: string }>;
    ask: CallMethod<{ a?: number; b?: number }, unknown>;
  };
}

/** Its table. */
export const ENDPOINTS = {
  test: {
    run: { kind: "stream", method: "GET", path: "/run" },
    ask: { kind: "call", method: "POST", path: "/ask" },
  },
} as const;

/** Creates an api whose requests wait in `requests`. */
export function createApi(options: ClientOptions = {}) {
  const requests: Pending[] = [];
  const fetch = async (url: unknown, init: RequestInit = {}): Promise<Response> => {
    let controller!: ReadableStreamDefaultController<Uint8Array>;
    const pending: Pending = {
      url: String(url),
      init,
      pulls: 0,
      isCancelled: false,
      send: (text) => controller.enqueue(new TextEncoder().encode(text)),
      finish: () => controller.close(),
    };
    const body = new ReadableStream<Uint8Array>(
      {
        start: (given) => void (controller = given),
        pull: () => void pending.pulls++,
        cancel: () => void (pending.isCancelled = true),
      },
      { highWaterMark: 0 },
    );
    requests.push(pending);
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  };
  const retry = { interval: 1, maxInterval: 1 };
  const api = createClient<Api>(ENDPOINTS, {
    baseUrl: "http://test",
    retry,
    fetch,
    ...options,
  } as ClientOptions);
  const request = async (index = 0) => await waitFor(() => requests[index], { what: `request ${index}` });
  return { ...api.test, requests, request };
}

/** The bytes of an event. */
export const tick = (count: number, id?: string) =>
  `${id === undefined ? "" : `id: ${id}\n`}event: tick\ndata: ${count}\n\n`;
/** The bytes of the end. */
export const END = "event: end\ndata: END\n\n";
