import { useEffect, useState } from "react";

/** How long a stream is let go of, so that it is closed and not merely handed on. */
const PAUSE_MS = 50;

/** For a stream that is opened anew on request: what its `enabled` has to be, and what asks for it. */
export function useRetry(): { enabled: boolean; retry: () => void } {
  const [isPaused, setPaused] = useState(false);
  useEffect(() => {
    if (!isPaused) return undefined;
    const timer = setTimeout(() => setPaused(false), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [isPaused]);
  return { enabled: !isPaused, retry: () => setPaused(true) };
}
