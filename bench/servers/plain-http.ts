import type { IncomingMessage } from "node:http";

/** The head of a stream, as all servers send it that write one by hand. */
export const HEAD = {
  "content-type": "text/event-stream",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};

/** What a request asks for: the fan-out of a topic, or with `count` a stream of its own. */
export function query({ url = "/" }: Pick<IncomingMessage, "url">): {
  topic: number;
  count: number;
  bytes: number;
} {
  const { searchParams } = new URL(url, "http://127.0.0.1");
  const number = (name: string): number => Number(searchParams.get(name) ?? 0);
  return { topic: number("topic"), count: number("count"), bytes: number("bytes") };
}
