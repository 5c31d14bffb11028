import { useLayoutEffect, useRef, type RefObject } from "react";

const NEAR_PX = 48;

/** Keeps a scrolled list at its end as it grows, unless the reader has scrolled up to read. */
export function useStickToEnd<Scrolled extends HTMLElement>(count: number): RefObject<Scrolled | null> {
  const ref = useRef<Scrolled>(null);
  const isAtEnd = useRef(true);
  useLayoutEffect(() => {
    const list = ref.current;
    if (!list) return undefined;
    const onScroll = (): void => {
      isAtEnd.current = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_PX;
    };
    list.addEventListener("scroll", onScroll, { passive: true });
    return () => list.removeEventListener("scroll", onScroll);
  }, []);
  useLayoutEffect(() => {
    if (ref.current && isAtEnd.current) ref.current.scrollTop = ref.current.scrollHeight;
  }, [count]);
  return ref;
}
