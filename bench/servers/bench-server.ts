import type { Position } from "../event.ts";

/** A server under measurement: the same streams, written with one library as its documentation says. */
export interface BenchServer {
  /** Begins to listen on a free port of 127.0.0.1. */
  listen(): Promise<Listening>;
  /** Sends an event to all streams of the fan-out, or of one topic of it. */
  publish(event: Position, topic: number): void;
}

/** How a server is reached. */
export interface Listening {
  port: number;
  /** Path of the fan-out; with a topic, of that alone. */
  fanOut(topic: number): string;
  /** Path of a stream of `count` tokens for one client, from a generator, at the pace of the client. */
  pull(count: number, bytes: number): string;
}

/** Notes how far a generator has come; what a server calls for each token. */
export interface Progress {
  offered: number;
}
