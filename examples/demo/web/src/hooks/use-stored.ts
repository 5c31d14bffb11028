import { useCallback, useMemo, useSyncExternalStore } from "react";

const PREFIX = "kestrel-quay.";

/** Values that could not be stored, so that they last at least as long as the page. */
const unstored = new Map<string, string>();
const listeners = new Set<() => void>();

/**
 * A text that is remembered: for all windows with `localStorage`, where each hears of the others' changes, or for
 * this window and its reloads with `sessionStorage`. `undefined` forgets it.
 */
export function useStored(
  name: string,
  storage: "localStorage" | "sessionStorage" = "localStorage",
): [string | undefined, (value: string | undefined) => void] {
  const key = PREFIX + name;
  const value = useSyncExternalStore(subscribe, () => read(storage, key));
  const set = useCallback((next: string | undefined) => write(storage, key, next), [storage, key]);
  return [value, set];
}

/** `useStored` for a value that `parse` makes of JSON; it gives `undefined` for what it can't be. */
export function useStoredJSON<Value>(
  name: string,
  parse: (value: unknown) => Value | undefined,
): [Value | undefined, (value: Value | undefined) => void] {
  const [text, setText] = useStored(name);
  const value = useMemo(() => parseText(text, parse), [text, parse]);
  const set = useCallback(
    (next: Value | undefined) => setText(next === undefined ? undefined : JSON.stringify(next)),
    [setText],
  );
  return [value, set];
}

function parseText<Value>(text: string | undefined, parse: (value: unknown) => Value | undefined) {
  try {
    return text === undefined ? undefined : parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function read(storage: "localStorage" | "sessionStorage", key: string): string | undefined {
  try {
    return window[storage].getItem(key) ?? unstored.get(key);
  } catch {
    return unstored.get(key);
  }
}

function write(storage: "localStorage" | "sessionStorage", key: string, value: string | undefined): void {
  unstored.delete(key);
  try {
    if (value === undefined) window[storage].removeItem(key);
    else window[storage].setItem(key, value);
  } catch {
    if (value !== undefined) unstored.set(key, value);
  }
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("storage", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("storage", listener);
  };
}
