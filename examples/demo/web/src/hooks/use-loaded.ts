import { useEffect, useState } from "react";

/** What is read once: `value` when it is there, or `error`. `number` counts the attempts. */
export interface Loaded<Value> {
  value: Value | undefined;
  error: unknown;
  number: number;
  reload(): void;
}

/**
 * Reads something at the mount, and again whenever `key` is another one or `reload` is called. What an earlier
 * `key` has given is never shown for a later one.
 */
export function useLoaded<Value>(key: string, load: (signal: AbortSignal) => Promise<Value>): Loaded<Value> {
  const [number, setNumber] = useState(0);
  const [outcome, setOutcome] = useState<{ key: string; number: number; value?: Value; error?: unknown }>();
  useEffect(() => {
    const controller = new AbortController();
    load(controller.signal).then(
      (value) => !controller.signal.aborted && setOutcome({ key, number, value }),
      (error: unknown) => !controller.signal.aborted && setOutcome({ key, number, error }),
    );
    return () => controller.abort();
    // `load` is written in the render, and does the same for the same key.
  }, [key, number]);
  const current = outcome?.key === key && outcome.number === number ? outcome : undefined;
  return {
    value: current?.value,
    error: current?.error,
    number,
    reload: () => setNumber(number + 1),
  };
}
