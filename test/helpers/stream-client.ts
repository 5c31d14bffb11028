import type { EventStreamReader } from "./event-stream.ts";
import { waitFor } from "./wait-for.ts";

/** What a test asks for; the same words for every transport. */
export interface StreamRequest {
  /** Path and query; `/` unless given. */
  path?: string;
  method?: string;
  headers?: Record<string, string>;
  /** A value to send as JSON, or a string to send as it is. */
  body?: unknown;
  /** Never reads a byte until `resume()`. */
  stalled?: boolean;
}

/** One response as a client sees it while it arrives, over any transport. */
export interface StreamClient {
  /** 0 until the head has come. */
  readonly status: number;
  /** Names in lower case; repeated ones joined with `, `, `set-cookie` with LF. */
  readonly headers: Record<string, string>;
  /** The body, read as an event stream. */
  readonly stream: EventStreamReader;
  /** The body's bytes, freed of transfer coding. */
  readonly body: Buffer;
  /** The body's pieces as the server framed them: HTTP/1.1 chunks, HTTP/2 DATA frames. */
  readonly pieces: readonly Buffer[];
  /** The body ended as its framing says it should. */
  readonly finished: boolean;
  /** Nothing more can come, whether the body was finished or cut. */
  readonly over: boolean;
  /** Stops reading; what arrives waits in the kernel or behind flow control. */
  stall(): void;
  /** Reads (on). */
  resume(): void;
  /** Goes as a browser does that closes a tab: FIN, or RST_STREAM with CANCEL. */
  leave(): void;
  /** Goes without a word of farewell: TCP reset. */
  reset(): void;
}

/** Waits for the head and gives the client back. */
export async function head<Client extends StreamClient>(client: Client): Promise<Client> {
  await waitFor(() => client.status > 0 || client.over, { what: "the response's head" });
  if (client.status === 0) throw new Error("the connection ended before a response's head");
  return client;
}

/** Waits until `count` events have come, only those named `event` where it is given, and gives their data. */
export async function events(client: StreamClient, count: number, event?: string): Promise<any[]> {
  const seen = () => client.stream.events.filter((each) => event === undefined || each.event === event);
  await waitFor(() => seen().length >= count || client.over, {
    what: () => `${count} events${event ? ` named ${event}` : ""}; got ${seen().length}:\n${tail(client)}`,
  });
  if (seen().length < count) {
    throw new Error(`the stream ended after ${seen().length} of ${count} events:\n${tail(client)}`);
  }
  return seen().map((each) => (each.event === "end" && each.data === "END" ? "END" : JSON.parse(each.data)));
}

/** Waits until nothing more can come and gives the client back. */
export async function over<Client extends StreamClient>(client: Client): Promise<Client> {
  await waitFor(() => client.over, { what: () => `the end of the response; so far:\n${tail(client)}` });
  return client;
}

/** Waits for a whole plain answer: its status, headers and body as JSON where it is JSON. */
export async function answer(
  client: StreamClient,
): Promise<{ status: number; headers: Record<string, string>; body: any; text: string }> {
  await waitFor(() => client.finished || client.over, {
    what: () => `a whole answer; so far:\n${tail(client)}`,
  });
  const text = client.body.toString();
  const isJSON = /\bjson\b/.test(client.headers["content-type"] ?? "");
  return {
    status: client.status,
    headers: client.headers,
    text,
    body: isJSON && text !== "" ? JSON.parse(text) : undefined,
  };
}

function tail(client: StreamClient): string {
  return `status ${client.status}, over: ${client.over}, ${JSON.stringify(client.stream.text.slice(-500))}`;
}
