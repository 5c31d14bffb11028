import { jitter } from "../async/jitter.ts";
import { startTimer } from "../async/timer.ts";

/** Bounds of the wait before the next attempt, in ms. */
const FIRST_WAIT_MS = 50;
const MAX_WAIT_MS = 2_000;

/** What something is done for, as long as it is there. */
export interface Closable {
  readonly closed: boolean;
  /** Calls a listener at the close; gives what removes it. */
  onClose(listener: () => void): () => void;
}

/**
 * Tries until it works, since a broker that is away may come back, or until what it is for closes: then it gives
 * `undefined`. `onFailure` is told of the first failure.
 */
export async function retryWhileOpen<T>(
  target: Closable,
  attempt: () => Promise<T>,
  onFailure?: (error: unknown) => void,
): Promise<T | undefined> {
  for (let failures = 0; !target.closed; failures++) {
    try {
      return await attempt();
    } catch (error) {
      if (target.closed) break;
      if (failures === 0) onFailure?.(error);
      await waitWhileOpen(
        target,
        jitter(FIRST_WAIT_MS, Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** failures)),
      );
    }
  }
  return undefined;
}

function waitWhileOpen(target: Closable, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const settle = (): void => {
      timer.clear();
      forget();
      resolve();
    };
    const timer = startTimer(ms, settle, { background: true });
    const forget = target.onClose(settle);
  });
}
