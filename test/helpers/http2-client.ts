import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import { EventStreamReader } from "./event-stream.ts";
import type { StreamClient, StreamRequest } from "./stream-client.ts";

/** One response over an HTTP/2 session. */
export class HTTP2Response implements StreamClient {
  status = 0;
  headers: Record<string, string> = {};
  readonly stream = new EventStreamReader();
  readonly pieces: Buffer[] = [];
  finished = false;
  over = false;
  /** The code of the RST_STREAM that ended it, if one did. */
  rstCode = 0;
  /** A GOAWAY has come. */
  goneAway = false;
  error: Error | undefined;

  readonly session: ClientHttp2Session;
  readonly request: ClientHttp2Stream;

  constructor(session: ClientHttp2Session, request: ClientHttp2Stream) {
    this.session = session;
    this.request = request;
    request.on("response", (headers) => {
      for (const [name, value] of Object.entries(headers)) {
        if (name.startsWith(":") || value === undefined) continue;
        this.headers[name] = Array.isArray(value)
          ? value.join(name === "set-cookie" ? "\n" : ", ")
          : `${value}`;
      }
      this.status = Number(headers[":status"]);
    });
    request.on("data", (bytes: Buffer) => {
      this.pieces.push(bytes);
      this.stream.push(bytes);
    });
    request.on("end", () => {
      // Node also ends the readable side of a stream that was reset; only END_STREAM finishes a body.
      this.finished = request.rstCode === constants.NGHTTP2_NO_ERROR && !request.aborted;
    });
    request.on("close", () => {
      this.rstCode = request.rstCode;
      if (this.rstCode !== constants.NGHTTP2_NO_ERROR) this.finished = false;
      this.over = true;
    });
    request.on("error", (error) => (this.error = error));
    session.on("goaway", () => (this.goneAway = true));
    session.on("close", () => (this.over = true));
    session.on("error", (error) => {
      this.error = error;
      this.over = true;
    });
  }

  get body(): Buffer {
    return Buffer.concat(this.pieces);
  }

  stall(): void {
    this.request.pause();
  }

  resume(): void {
    this.request.resume();
  }

  leave(): void {
    this.request.close(constants.NGHTTP2_CANCEL);
    this.session.close();
  }

  reset(): void {
    // The session's `socket` is a guarded proxy, so the farewell is skipped by destroying the session.
    this.session.destroy();
  }
}

/** Opens a session of its own (cleartext, prior knowledge) for one request. */
export function openHTTP2(
  { port, host = "127.0.0.1" }: { port: number; host?: string },
  request: StreamRequest = {},
): HTTP2Response {
  return requestOn(connect(`http://${host}:${port}`), request);
}

/** Sends a request on a session that may carry others. */
export function requestOn(session: ClientHttp2Session, request: StreamRequest = {}): HTTP2Response {
  const { path = "/", method = "GET", headers = {}, body, stalled = false } = request;
  const text = body === undefined ? undefined : typeof body === "string" ? body : JSON.stringify(body);
  const stream = session.request(
    {
      ":path": path,
      ":method": method,
      ...(text === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    { endStream: text === undefined },
  );
  const response = new HTTP2Response(session, stream);
  if (stalled) stream.pause();
  if (text !== undefined) stream.end(text);
  return response;
}
