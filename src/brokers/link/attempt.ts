import { jitter } from "../../async/jitter.ts";
import { startTimer } from "../../async/timer.ts";
import { BrokerError } from "../../errors/topic-errors.ts";
import type { Link } from "./link.ts";

/** Longest wait for an answer to what is asked of a broker, in ms, and for a connection to ask it on. */
const ANSWER_MS = 5_000;
/** Least time for an answer to a publish that is not to wait for a broker that is away, in ms. */
const LEAST_ANSWER_MS = 1_000;

/** What was asked has certainly not been done; it may be asked again. */
export class NotDoneError extends Error {}

/** No answer came in time. */
class NoAnswerError extends Error {}

/** Who asks, and how long it may take. */
export interface Asking<C> {
  /** The broker's kind, for messages. */
  kind: string;
  link: Link<C>;
}

/**
 * Publishes by an attempt that may be made again: one that was made before and has worked after all has to give
 * its result again.
 *
 * @param attempt Gets the connection, and for how long it has been tried before in ms, 0 at first.
 * @throws BrokerError after `timeoutMs`, saying whether it may have been published; at once where an attempt does.
 */
export async function publishWithin<C, T>(
  { kind, link }: Asking<C>,
  timeoutMs: number,
  attempt: (connection: C, triedForMs: number) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now();
  const leftMs = (): number => timeoutMs - (performance.now() - startedAt);
  let sentAt: number | undefined;
  let cause: unknown;
  for (;;) {
    const connection = await link.whenUp(leftMs());
    if (connection === undefined) break;
    const triedForMs = sentAt === undefined ? 0 : Math.max(1, performance.now() - sentAt);
    const attemptedAt = performance.now();
    try {
      const boundMs = timeoutMs <= 0 ? LEAST_ANSWER_MS : Math.max(1, leftMs());
      return await answerWithin(attempt(connection, triedForMs), boundMs);
    } catch (error) {
      if (error instanceof BrokerError) throw error;
      cause = error;
      if (!(error instanceof NotDoneError)) sentAt ??= attemptedAt;
    }
    if (leftMs() < 1) break;
    await pause(Math.min(jitter(10, 50), Math.max(0, leftMs())));
  }
  if (link.closed && sentAt === undefined) throw closedError(kind);
  const outcome =
    sentAt === undefined
      ? "Nothing was published."
      : "It may have been published: it was sent, and no answer came.";
  const wait = link.closed
    ? "was closed"
    : timeoutMs > 0
      ? `did not answer within ${timeoutMs} ms`
      : "is away";
  throw new BrokerError(kind, `it ${wait}. ${outcome} ${describe(cause ?? link.reason)}`.trimEnd(), {
    cause: cause ?? link.reason,
  });
}

/** Asks something that changes nothing, once. @throws BrokerError where no answer comes. */
export async function ask<C, T>(
  { kind, link }: Asking<C>,
  attempt: (connection: C) => Promise<T>,
): Promise<T> {
  const connection = await link.whenUp(ANSWER_MS);
  if (link.closed) throw closedError(kind);
  if (connection === undefined) {
    throw new BrokerError(kind, `it is away. ${describe(link.reason)}`.trimEnd(), { cause: link.reason });
  }
  try {
    return await answerWithin(attempt(connection), ANSWER_MS);
  } catch (error) {
    if (error instanceof BrokerError) throw error;
    throw new BrokerError(kind, `it did not answer. ${describe(error)}`.trimEnd(), { cause: error });
  }
}

function closedError(kind: string): BrokerError {
  return new BrokerError(kind, "it was closed, with the server that it was given to.");
}

function describe(error: unknown): string {
  return error instanceof Error && error.message !== "" ? `(${error.message})` : "";
}

async function answerWithin<T>(answer: Promise<T>, boundMs: number): Promise<T> {
  let clear: (() => void) | undefined;
  const late = new Promise<never>((_, reject) => {
    const timer = startTimer(boundMs, () =>
      reject(new NoAnswerError(`no answer in ${Math.ceil(boundMs)} ms`)),
    );
    clear = timer.clear;
  });
  try {
    // What loses the race is not heard of any more, and may reject.
    return await Promise.race([answer, late]);
  } finally {
    clear?.();
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void startTimer(ms, resolve));
}
