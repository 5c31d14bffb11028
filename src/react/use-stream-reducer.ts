import type { EventName, ReceivedEvent, StreamMethod } from "../client/types.ts";
import type { StreamOptions, StreamReducerResult } from "./types.ts";
import { useObserver } from "./use-observer.ts";

/**
 * Gathers a stream's events into a state, from the component's mount on. The connection is that of `useStream`. Every
 * event is reduced once, in order; all those of about 16 ms are rendered together. `reducer` may be another one at
 * every render; what it throws is reported as an uncaught error, and leaves the state as it was. `initialState`
 * counts at the mount, and again when the method or the parameters change.
 */
export function useStreamReducer<Params extends object, Events extends object, State>(
  method: StreamMethod<Params, Events>,
  // oxlint-disable-next-line typescript/no-empty-object-type -- the question is whether an empty object fits
  params: {} extends Params ? Params | undefined : Params,
  reducer: (state: State, received: ReceivedEvent<Events, EventName<Events>>) => State,
  initialState: State,
  options?: StreamOptions<keyof Events & string>,
): StreamReducerResult<Events, State> {
  return useObserver(method, initialState, { params, options, reduce: reducer });
}
