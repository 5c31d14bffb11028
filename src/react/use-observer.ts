import { useInsertionEffect, useMemo, useState, useSyncExternalStore } from "react";
import { Observer, type AnyMethod, type ObserverInputs } from "./observer.ts";
import type { StreamOptions, StreamReducerResult } from "./types.ts";

/** What both hooks are made of. `initialState` counts when the component mounts, and when parameters change. */
export function useObserver<Result extends object, State>(
  method: object,
  initialState: State,
  inputs: { params: object | undefined; options: object | undefined; reduce: unknown },
): Result {
  const anyMethod = method as AnyMethod;
  const { params, options = {}, reduce } = inputs as Partial<ObserverInputs<State>>;
  const identity = anyMethod.key(params);
  const create = (): Observer<State> => new Observer(anyMethod, identity, initialState);
  const [held, hold] = useState(create);
  let observer = held;
  if (held.method !== method || held.identity !== identity) {
    observer = create();
    hold(observer);
  }
  // Of a render that is never committed nobody hears. Runs before any effect that opens something.
  useInsertionEffect(() => {
    observer.inputs = { params, options, reduce } as ObserverInputs<State>;
  });
  const key = options.enabled === false ? undefined : formatKey(identity, options, observer.id);
  const source = useMemo(() => observer.source(key), [observer, key]);
  const { subscribe, getSnapshot, getServerSnapshot } = source;
  const result: StreamReducerResult<Record<string, unknown>, State> = useSyncExternalStore(
    subscribe,
    getSnapshot,
    getServerSnapshot,
  );
  return result as unknown as Result;
}

/** Gives a text that is the same for components that may share a connection. */
function formatKey(identity: string, options: StreamOptions, id: string): string {
  const { retry, retryInterval, headers, lastEventId, validate, ownConnection } = options;
  const isOwn = ownConnection || validate || lastEventId !== undefined || typeof headers === "function";
  return [isOwn ? id : "", retry, retryInterval, JSON.stringify(headers), identity].join(" ");
}
