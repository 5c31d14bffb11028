import { createDeferred, type Deferred } from "../async/deferred.ts";
import type { PipeSink } from "../delivery/pipe.ts";
import { TopicError } from "../errors/topic-errors.ts";
import { describeAddress, formatAddress, type LogAddress } from "./broker.ts";
import { joinCursors } from "./cursor.ts";

/** A log's place in the ids of one stream. */
export interface Claim {
  readonly log: LogAddress;
  /** The part of the id; `undefined` while it is not known where the stream begins in this log. */
  cursor: string | undefined;
  /** Whether the id that the client came with has a part for this log. */
  isKnown: boolean;
}

const ofSinks = new WeakMap<PipeSink, PipeCursors>();

/** Gives the positions of a stream in all the logs that it is piped from. */
export function cursorsOf(sink: PipeSink): PipeCursors {
  let cursors = ofSinks.get(sink);
  if (!cursors) {
    ofSinks.set(sink, (cursors = new PipeCursors()));
    const { format } = cursors;
    sink.setIdSource(format);
  }
  return cursors;
}

/**
 * The positions of one stream. No id is sent before the logs claimed so far have theirs, since one without them
 * would lose what they bring before the next.
 */
export class PipeCursors {
  /** Few, and most often one. */
  #claims: readonly Claim[] = [];
  /** Made when somebody waits. */
  #located: Deferred<void> | undefined;

  /** Whether a single log makes up the ids, so that its own cursor is the id. */
  get isSingle(): boolean {
    return this.#claims.length === 1;
  }

  /** Whether the client's id stands for a position in any of the logs. */
  get isKnown(): boolean {
    return this.#claims.some(({ isKnown }) => isKnown);
  }

  /** Takes a place for a log. @throws TopicError if it has one. */
  claim(log: LogAddress): Claim {
    const id = formatAddress(log);
    if (this.#claims.some((claim) => formatAddress(claim.log) === id)) {
      throw new TopicError(
        log.topic,
        `${describeAddress(log)} is piped into this stream already. Pipe it once, or await the first pipe.`,
      );
    }
    const claim: Claim = { log, cursor: undefined, isKnown: false };
    this.#claims = this.#claims.concat(claim);
    return claim;
  }

  /** Gives a place up. */
  release(claim: Claim): void {
    this.#claims = this.#claims.filter((each) => each !== claim);
    this.noteLocated();
  }

  /** Has those go on that wait for all claims to have a cursor, if they have. */
  noteLocated(): void {
    for (const { cursor } of this.#claims) if (cursor === undefined) return;
    this.#located?.resolve();
    this.#located = undefined;
  }

  /** Resolves when every log claimed so far has a cursor. */
  async whenLocated(): Promise<void> {
    for (const { cursor } of this.#claims) {
      if (cursor === undefined) {
        await (this.#located ??= createDeferred()).promise;
        return;
      }
    }
  }

  /** The id that stands for all positions now. */
  readonly format = (): string => {
    const parts: string[] = [];
    for (const { cursor } of this.#claims) if (cursor !== undefined) parts.push(cursor);
    return joinCursors(parts);
  };
}
