import { useEffect, useSyncExternalStore } from "react";
import type { StreamHookStatus } from "pinestream/react";
import { createStore } from "./store.ts";

/** How a panel's stream is doing, as the hooks tell it. */
export interface ConnectionState {
  status: StreamHookStatus;
  error: unknown;
  retryCount: number;
}

/** A stream that nobody has opened yet, since what it begins from is still being read. */
export const CONNECTING: ConnectionState = { status: "connecting", error: undefined, retryCount: 0 };

const connections = createStore<ReadonlyMap<string, ConnectionState>>(new Map());

/** Shows a panel's connection in the state of the whole, while the panel is there. */
export function useReport(panel: string, { status, error, retryCount }: ConnectionState): void {
  useEffect(() => {
    connections.set(new Map(connections.get()).set(panel, { status, error, retryCount }));
  }, [panel, status, error, retryCount]);
  useEffect(
    () => () => {
      const rest = new Map(connections.get());
      rest.delete(panel);
      connections.set(rest);
    },
    [panel],
  );
}

/** All panels' connections by the panels' names. */
export function useConnections(): ReadonlyMap<string, ConnectionState> {
  return useSyncExternalStore(connections.subscribe, connections.get);
}
