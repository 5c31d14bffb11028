import type { FastifyRequest } from "fastify";

import { jitter } from "../async/jitter.ts";
import { ServerBusyError, TooManyConnectionsError } from "../errors/http-errors.ts";
import { userKey } from "../runtime/authenticate.ts";
import type { Lease } from "../runtime/types.ts";

/** Bounds in seconds of the `retry-after` that a refused client is told. */
const RETRY_AFTER = [2, 10] as const;

/** Counts open streams, all in all and for each client. A new one is refused; an open one is never evicted. */
export class ConnectionLimits {
  readonly #maxConnections: number;
  readonly #maxPerClient: number;
  readonly #perClient = new Map<unknown, number>();
  /** For all connections where none is counted for its client. */
  readonly #sharedLease: Lease = { identify: () => {}, release: () => this.discount(undefined) };
  #connections = 0;
  #isClosing = false;

  constructor(options: {
    maxConnections?: number | undefined;
    maxConnectionsPerClient?: number | undefined;
  }) {
    this.#maxConnections = options.maxConnections ?? Number.POSITIVE_INFINITY;
    this.#maxPerClient = options.maxConnectionsPerClient ?? Number.POSITIVE_INFINITY;
  }

  /** Refuses every stream from now on. */
  close(): void {
    this.#isClosing = true;
  }

  /**
   * Takes a place for a stream before anything is known of its client.
   *
   * @throws ServerBusyError if the server is full or shutting down.
   */
  admit(): Lease {
    if (this.#isClosing) {
      throw new ServerBusyError("The server is shutting down. Try again.", jitter(...RETRY_AFTER));
    }
    if (this.#connections >= this.#maxConnections) {
      throw new ServerBusyError(
        "The server has as many streams open as it can. Try again.",
        jitter(...RETRY_AFTER),
      );
    }
    this.#connections++;
    return this.#maxPerClient === Number.POSITIVE_INFINITY ? this.#sharedLease : new ConnectionLease(this);
  }

  /** @internal Counts a connection for a client. @throws TooManyConnectionsError */
  count(client: unknown): void {
    const count = this.#perClient.get(client) ?? 0;
    if (count >= this.#maxPerClient) {
      throw new TooManyConnectionsError(this.#maxPerClient, jitter(...RETRY_AFTER));
    }
    this.#perClient.set(client, count + 1);
  }

  /** @internal Takes a connection off the count, and off its client's if it was counted for one. */
  discount(client: unknown): void {
    this.#connections--;
    if (client === undefined) return;
    const count = (this.#perClient.get(client) ?? 1) - 1;
    if (count > 0) this.#perClient.set(client, count);
    else this.#perClient.delete(client);
  }
}

class ConnectionLease implements Lease {
  readonly #limits: ConnectionLimits;
  /** Whom the connection is counted for. */
  #client: unknown;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  identify(user: unknown, request: FastifyRequest): void {
    const client = userKey(user) ?? `address ${request.ip}`;
    this.#limits.count(client);
    this.#client = client;
  }

  release(): void {
    this.#limits.discount(this.#client);
  }
}
