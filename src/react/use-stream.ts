import type { StreamMethod } from "../client/types.ts";
import type { AnyEvent } from "./connection.ts";
import type { StreamHandlers, StreamOptions, StreamResult } from "./types.ts";
import { useObserver } from "./use-observer.ts";

// oxlint-disable-next-line typescript/no-empty-object-type -- the question is whether an empty object fits
/** Arguments after the method: the parameters may be left out where none of them is required. */
export type StreamArguments<Params extends object, Events extends object> = {} extends Params
  ? [params?: Params, handlers?: StreamHandlers<Events>, options?: StreamOptions<keyof Events & string>]
  : [params: Params, handlers?: StreamHandlers<Events>, options?: StreamOptions<keyof Events & string>];

/**
 * Keeps a stream open while the component is mounted, and gives its status and its latest data. Components that ask
 * for the same stream with equal options share one connection. It is opened anew when the method, the parameters (by
 * the method's `key`) or the options change, and closed soon after the last of its components has gone. On a server
 * nothing is requested.
 */
export function useStream<Params extends object, Events extends object>(
  method: StreamMethod<Params, Events>,
  ...[params, handlers, options]: StreamArguments<NoInfer<Params>, NoInfer<Events>>
): StreamResult<Events> {
  const byName = (handlers ?? {}) as Record<
    string,
    ((data: unknown, received: AnyEvent) => void) | undefined
  >;
  return useObserver(method, undefined, {
    params,
    options,
    reduce: (_state: undefined, received: AnyEvent): undefined => {
      const { event, data } = received;
      if (Object.hasOwn(byName, event)) byName[event]?.(data, received);
    },
  });
}
