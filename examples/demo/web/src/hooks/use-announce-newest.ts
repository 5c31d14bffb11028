import { useEffect, useRef } from "react";

/** Has the newest item of a list announced when another one has come; not the one at the mount. */
export function useAnnounceNewest<Item extends { id: number }>(
  newest: Item | undefined,
  tell: (item: Item) => void,
): void {
  const told = useRef(newest?.id);
  useEffect(() => {
    if (newest?.id === told.current) return;
    told.current = newest?.id;
    if (newest) tell(newest);
  });
}
