import { userKey } from "../runtime/authenticate.ts";
import type { OpenStream } from "../runtime/types.ts";

/** One open stream, as `app.streams` shows it. */
export interface StreamInfo {
  /** Unique within the process. */
  id: string;
  /** `ClassName.methodName`. */
  endpoint: string;
  /** What `authenticate` gave, or `null`. */
  user: unknown;
  openedAt: Date;
  /** Events that were taken for sending. */
  events: number;
  /** Bytes that were written. */
  bytes: number;
  /** Bytes that wait for the client. */
  bufferedBytes: number;
}

/** Which streams to close: those that match all of what is given. */
export interface StreamFilter {
  /** The user's `id`, or a user that has it. */
  user?: unknown;
  /** `ClassName.methodName`, or the method's name alone. */
  endpoint?: string;
  id?: string;
}

let created = 0;

/** The open streams of an application. */
export class Streams {
  readonly #streams = new Map<OpenStream, string>();

  /** Lists the streams that are open now, oldest first. */
  list(): StreamInfo[] {
    return [...this.#streams].map(([stream, id]) => describe(stream, id));
  }

  /**
   * Closes streams, without `end`: a client may connect again, and is then authenticated anew. Gives the number
   * closed.
   *
   * @throws TypeError if the filter has nothing to match by, since that would close all.
   */
  close(filter: StreamFilter | ((stream: StreamInfo) => boolean)): number {
    const matches = typeof filter === "function" ? filter : toPredicate(filter);
    const chosen = [...this.#streams].filter(([stream, id]) => matches(describe(stream, id)));
    for (const [{ connection }] of chosen) connection.close("closed");
    return chosen.length;
  }

  /** @internal */
  add(stream: OpenStream): void {
    if (stream.connection.closed) return;
    this.#streams.set(stream, (++created).toString(36));
  }

  /** @internal */
  remove(stream: OpenStream): void {
    this.#streams.delete(stream);
  }
}

function describe({ endpoint, user, openedAt, connection }: OpenStream, id: string): StreamInfo {
  const { events, bytes, bufferedBytes } = connection;
  return { id, endpoint, user, openedAt, events, bytes, bufferedBytes };
}

function toPredicate(filter: StreamFilter): (stream: StreamInfo) => boolean {
  const { user, endpoint, id } = filter;
  if (user === undefined && endpoint === undefined && id === undefined) {
    throw new TypeError(
      "streams.close: the filter gives no user, endpoint or id. To close all streams pass () => true.",
    );
  }
  return (stream) =>
    (user === undefined || (stream.user !== null && userKey(stream.user) === userKey(user))) &&
    (endpoint === undefined || stream.endpoint === endpoint || stream.endpoint.endsWith(`.${endpoint}`)) &&
    (id === undefined || stream.id === id);
}
