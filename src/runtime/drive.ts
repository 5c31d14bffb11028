// Runs one handler to its end. The function made here is the only one that awaits the handler's generator, and
// it has a name of its own, so that the handler's await chain can be told (see scope/await-chain.ts).

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

/**
 * Runs a handler, publishing what it yields with back-pressure. Resolves when the handler has ended, `finally`
 * blocks included.
 *
 * @throws what the handler throws, but for the `StreamClosedError` that unwound it.
 */
export function drive(connection: StreamConnection, handler: Handler): Promise<void> {
  const run = async (): Promise<void> => {
    try {
      let step = await handler.next();
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
    } catch (error) {
      if (!connection.closed || !isUnwinding(error, connection)) throw error;
    } finally {
      connection.unwinder.disarm();
    }
  };
  // A property of the function itself: a method of that name would make a hidden class for every stream.
  Object.defineProperty(run, "name", { value: connection.unwinder.chainName });
  connection.unwinder.begin();
  return run();
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
