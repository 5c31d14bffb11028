import { ResponseFormatError } from "../errors/client-errors.ts";
import { takeLastEventId, writeLastEventId } from "../wire/last-event-id.ts";
import type { Answer } from "./messages.ts";
import { isEventStream, readAnswer, readPieces, type Piece } from "./pieces.ts";

/** Longest wait for an answer, in ms, before a new reader is reason to ask again; a client's is 60 s. */
const ANSWER_MS = 55_000;

/** How many keep-alive periods may pass before a new reader is; a client's watchdog waits for at least 1.25. */
const PATIENCE = 1.2;

/** What a request is made of. */
export interface StreamOrigin {
  request: Request;
  lastEventId: string;
  /** Whether somebody has just made this request, so that he is to get whatever it is answered with. */
  isFresh: boolean;
}

/** What a connection needs of whoever has it, and tells. */
export interface ConnectionOptions {
  fetch: typeof globalThis.fetch;
  /** Says what to ask for next, or `undefined` for nothing. */
  next(): StreamOrigin | undefined;
  onOpen(response: Response, lastEventId: string): void;
  onPiece(piece: Piece): void;
  /** A fresh request was answered with something else, or with nothing. */
  onAnswer(answer?: Answer): void;
}

/** The leader's connection to the server. */
export interface Connection {
  /** Resolves when it is over, for whatever reason; to what is wrong with the stream where another makes no sense. */
  readonly over: Promise<string | undefined>;
  /** Asks again if the server says less than it has promised, and tells whether: a dead one looks like a quiet one. */
  renewIfSilent(): boolean;
  /** Ends it. */
  abort(): void;
}

/** Starts to ask the server for a stream. */
export function startConnection(options: ConnectionOptions): Connection {
  const { fetch, onOpen, onPiece, onAnswer } = options;
  const lifetime = new AbortController();
  let attempt = new AbortController();
  let lastHeard = 0;
  let patienceMs = ANSWER_MS;

  /** Makes one request and reads what comes. */
  const read = async (
    { request, lastEventId, isFresh }: StreamOrigin,
    signal: AbortSignal,
  ): Promise<void> => {
    const response = await fetch(address(request, lastEventId), { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (!response || !isEventStream(response)) {
      const answer = response && (await readAnswer(response));
      // To a request that is not fresh, it may say no more than that a token has expired meanwhile.
      if (isFresh && !signal.aborted) onAnswer(answer);
      return;
    }
    // A head is no sign of life yet: a client waits as long for the first byte as for the answer.
    onOpen(response, lastEventId);
    await readPieces(response, lastEventId, (piece) => {
      signal.throwIfAborted();
      lastHeard = Date.now();
      patienceMs = piece.keepAliveMs ? piece.keepAliveMs * PATIENCE : Infinity;
      onPiece(piece);
    });
  };

  const run = async (): Promise<string | undefined> => {
    let problem: string | undefined;
    do {
      attempt = new AbortController();
      lastHeard = Date.now();
      patienceMs = ANSWER_MS;
      const origin = options.next();
      // What else broke it does not matter: each reader finds out by itself what becomes of its next request.
      const note = (error: unknown): void => {
        if (error instanceof ResponseFormatError) problem = error.message;
      };
      if (origin) await read(origin, attempt.signal).catch(note);
    } while (attempt.signal.aborted && !lifetime.signal.aborted);
    return problem;
  };

  return {
    over: run(),
    renewIfSilent() {
      // The clock of the day goes on while the machine sleeps.
      const isSilent = Date.now() - lastHeard > patienceMs;
      if (isSilent) attempt.abort();
      return isSilent;
    },
    abort() {
      lifetime.abort();
      attempt.abort();
    },
  };
}

/** Writes a position into a copy of a request. */
function address(request: Request, lastEventId: string): Request {
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  takeLastEventId(url, headers);
  if (lastEventId) writeLastEventId(lastEventId, url, headers);
  return new Request(new Request(url, request), { headers });
}
