// Runs one handler to its end. The function made here is the only one below all that the handler awaits, so that
// the handler's await chain can be told by it (see scope/await-chain.ts).

import { performance } from "node:perf_hooks";

import type { StreamConnection } from "../connection/stream-connection.ts";
import { nextTurn } from "../scope/turn.ts";
import { EventValidationError } from "../errors/stream-errors.ts";
import { isPinestreamError } from "../errors/base.ts";
import type { PublishOptions } from "../schema/events.ts";

/** Steps after which a generator that never waits is made to, so that it starves nobody. */
const STEPS_PER_TURN = 1_024;

/** How long a clean-up may go on to yield until it is told to return once more, in ms. */
const CLEANUP_MS = 1_000;

/** An iterator as an `async *` method gives it. */
export type Handler = AsyncGenerator<unknown, unknown, undefined>;

/** Who is told how a handler has ended; called once, all its `finally` blocks having run. */
export interface HandlerOwner {
  readonly connection: StreamConnection;
  /** It has returned, or was unwound. */
  onReturn(): unknown;
  /** It has thrown something else. */
  onThrow(error: unknown): void;
}

/** Runs a handler, publishing what it yields with back-pressure. */
export function drive(handler: Handler, owner: HandlerOwner): void {
  const runner = createRunner();
  owner.connection.unwinder.begin(runner);
  // Nothing awaits it.
  void runner(handler, owner);
}

/**
 * Makes the function that awaits one handler. It is suspended for as long as the stream lasts, so it holds no more
 * than it has to: what it works on are arguments, since what it closed over would take a scope of its own.
 */
function createRunner() {
  return async (handler: Handler, owner: HandlerOwner): Promise<void> => {
    try {
      const step = await handler.next();
      if (!step.done) await publishSteps(owner.connection, handler, step);
    } catch (error) {
      noteFailure(owner, error);
      return;
    }
    owner.connection.unwinder.disarm();
    owner.onReturn();
  };
}

function noteFailure(owner: HandlerOwner, error: unknown): void {
  const { connection } = owner;
  connection.unwinder.disarm();
  if (connection.closed && isUnwinding(error, connection)) owner.onReturn();
  else owner.onThrow(error);
}

/** Publishes what a handler yields, beginning with its first step, until it has ended. */
async function publishSteps(
  connection: StreamConnection,
  handler: Handler,
  first: IteratorResult<unknown, unknown>,
): Promise<void> {
  let step = first;
  let returnedAt: number | undefined;
  let steps = 0;
  while (!step.done) {
    let refusal: unknown;
    if (!connection.closed) {
      try {
        let wait = offerYielded(connection, step.value);
        while (wait) {
          await wait;
          wait = offerYielded(connection, step.value);
        }
      } catch (error) {
        refusal = error;
      }
      if (!connection.closed && connection.isFull) await connection.whenWritable();
      else if (++steps % STEPS_PER_TURN === 0) await nextTurn();
    }
    if (refusal !== undefined) {
      // Thrown into the generator at its yield, as a wrong publish is at its call.
      step = await handler.throw(refusal);
    } else if (!connection.closed) {
      step = await handler.next();
    } else if (returnedAt === undefined || performance.now() - returnedAt >= CLEANUP_MS) {
      returnedAt = performance.now();
      step = await handler.return(undefined);
    } else {
      // It yields within its `finally`. There is nobody left to send that to, but the clean-up goes on.
      await nextTurn();
      step = await handler.next();
    }
  }
}

/** Tells whether an error only says that the stream is over. */
export function isUnwinding(error: unknown, { reason }: StreamConnection): boolean {
  // A wait that was given the signal fails with its reason, or with an AbortError.
  return (
    (isPinestreamError(error) && error.code === "PINE_STREAM_CLOSED") ||
    error === reason ||
    (error instanceof Error && error.name === "AbortError")
  );
}

/**
 * Publishes what was yielded. Gives a promise where the client has to catch up first.
 *
 * @throws EventValidationError if it does not fit.
 */
function offerYielded(connection: StreamConnection, value: unknown): Promise<void> | undefined {
  // A bare `yield` publishes nothing; it is a place to pause, and to return after the close.
  if (value === undefined) return undefined;
  connection.open();
  if (Array.isArray(value) && value.length === 2 && typeof value[0] === "string") {
    return connection.offer(value[0], value[1]);
  }
  if (typeof value === "object" && value !== null && "event" in value && typeof value.event === "string") {
    const { event, data, id, retry } = value as { event: string; data?: unknown } & PublishOptions;
    return connection.offer(event, data, id === undefined && retry === undefined ? undefined : { id, retry });
  }
  throw new EventValidationError("(yielded)", [{ path: [], message: `is no event but ${describe(value)}` }], {
    endpoint: connection.endpoint,
    hint: "Yield sse.event(…), { event, data } or [event, data].",
  });
}

function describe(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? `an array of ${value.length}` : `of type ${typeof value}`;
}
