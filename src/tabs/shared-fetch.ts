import { Hub } from "./hub.ts";
import { identify, toStreamRequest, type Scope } from "./identity.ts";
import { findSharing } from "./platform.ts";

/** Options of `sharedFetch`. */
export interface SharedFetchOptions {
  /**
   * For whom a stream is: who is signed in, or any text that is the same for all who may see the same. Tabs share a
   * stream only where it is the same for both; headers don't count then. A function is asked at each attempt, and
   * `undefined` from it keeps the request to itself.
   *
   * Without it the headers say for whom a stream is, and a request that cookies may go along with is not shared,
   * since no script can see whose they are.
   */
  scope?: Scope;
  /** Used in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** How many events each tab keeps for those who have missed some; 500 by default. */
  maxEvents?: number;
  /**
   * How much it keeps of them, in UTF-16 code units, and how many bytes may wait for a subscription that doesn't
   * read before it is disconnected, with what came at once taken whole; 1 Mi by default.
   */
  maxLength?: number;
}

/**
 * Makes a `fetch` for `createApi` by which all tabs of a browser and all subscriptions in them share one connection
 * for each stream. Only GET requests that accept an event stream are shared; all others, and all of them where the
 * platform lacks Web Locks, BroadcastChannel or a secure context, go to the real `fetch`.
 */
export function sharedFetch(options: SharedFetchOptions = {}): typeof globalThis.fetch {
  const { scope, maxEvents = 500, maxLength = 1_048_576 } = options;
  const hubs = new Map<string, Hub>();
  let isWarned = false;

  return async (input, init) => {
    const { fetch = globalThis.fetch } = options;
    const sharing = findSharing();
    const request = sharing && toStreamRequest(input as string | URL | Request, init);
    if (!sharing || !request) return await fetch(input, init);
    const identity = await identify(request, sharing.origin, scope);
    if (!identity) {
      if (scope === undefined && !isWarned) {
        isWarned = true;
        // oxlint-disable-next-line no-console -- nobody would notice otherwise that nothing is shared
        console.warn(
          "sharedFetch shares no stream that cookies may go along with: give it a scope, such as the user's id",
        );
      }
      return await fetch(input, init);
    }
    const { name, lastEventId } = identity;
    const join = async (request: Request, lastEventId: string): Promise<Response> => {
      request.signal.throwIfAborted();
      const hub =
        hubs.get(name) ??
        new Hub(name, {
          sharing,
          fetch,
          isScoped: scope !== undefined,
          maxEvents,
          maxLength,
          onOver: () => void hubs.delete(name),
          rejoin: join,
        });
      hubs.set(name, hub);
      return await hub.join(request, lastEventId);
    };
    return await join(request, lastEventId);
  };
}
