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

/** What serves streams. */
interface StreamSource {
  /** Streams whose connection is not done, oldest first. */
  sending(): Iterable<OpenStream>;
}

/** The open streams of an application. */
export class Streams {
  /** One for each time that the plugin is registered; they know of their streams anyway. */
  readonly #sources: StreamSource[] = [];

  /** Lists the streams that are open now, oldest first. */
  list(): StreamInfo[] {
    return this.#open()
      .filter(({ isListed }) => isListed)
      .map(describe);
  }

  /**
   * Closes streams, without `end`: a client may connect again, and is then authenticated anew. Gives the number
   * closed, those that are still before their handler included.
   *
   * @throws TypeError if the filter has nothing to match by, since that would close all.
   */
  close(filter: StreamFilter | ((stream: StreamInfo) => boolean)): number {
    const matches = typeof filter === "function" ? filter : toPredicate(filter);
    const chosen = this.#open().filter((stream) => matches(describe(stream)));
    for (const { connection } of chosen) connection.close("closed");
    return chosen.length;
  }

  /** @internal */
  include(source: StreamSource): void {
    this.#sources.push(source);
  }

  #open(): OpenStream[] {
    return this.#sources
      .flatMap((source) => [...source.sending()])
      .filter(({ isIdentified }) => isIdentified)
      .sort((left, right) => left.openedAt - right.openedAt);
  }
}

function describe({ id, endpoint, user, openedAt, connection }: OpenStream): StreamInfo {
  const { events, bytes, bufferedBytes } = connection;
  return { id, endpoint, user, openedAt: new Date(openedAt), events, bytes, bufferedBytes };
}

function toPredicate(filter: StreamFilter): (stream: StreamInfo) => boolean {
  const { user, endpoint, id } = filter;
  if (user === undefined && endpoint === undefined && id === undefined) {
    throw new TypeError(
      "streams.close: the filter gives no user, endpoint or id. To close all streams pass () => true.",
    );
  }
  return (stream) =>
    (user === undefined || isSameUser(stream.user, user)) &&
    (endpoint === undefined || stream.endpoint === endpoint || stream.endpoint.endsWith(`.${endpoint}`)) &&
    (id === undefined || stream.id === id);
}

function isSameUser(left: unknown, right: unknown): boolean {
  if (left === null) return false;
  const key = userKey(left);
  return left === right || (key !== undefined && key === userKey(right));
}
