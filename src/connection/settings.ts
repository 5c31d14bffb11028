import type { Pipe } from "../delivery/pipe.ts";
import type { EventCodec } from "../schema/event-codec.ts";

/** What is the same for all connections of an endpoint. */
export interface ConnectionSettings {
  /** `ClassName.methodName`. */
  endpoint: string;
  codec: EventCodec;
  /** Feeds a connection from topics, on the server's broker. */
  pipe: Pipe;
  /** Longest silence in ms, or `false` for no keep-alive. */
  keepAliveMs: number | false;
  /** Reconnection time in ms that clients are told when the stream opens. */
  retryMs: number | undefined;
  /** Most bytes that may wait for one client. */
  maxBufferedBytes: number;
  overflow: "close" | "drop";
  /** Longest time in ms without a byte on its way while some wait. */
  stallTimeoutMs: number;
}
