import type { ReactNode, Ref } from "react";

/** A box that scrolls, also with the keyboard. While it is `isBusy`, what is in it may be old or not there yet. */
export function ScrollBox({
  label,
  isBusy,
  children,
  ref,
}: {
  label: string;
  isBusy: boolean;
  children: ReactNode;
  ref?: Ref<HTMLDivElement>;
}) {
  return (
    <div className="scroll-box" role="group" aria-label={label} aria-busy={isBusy} tabIndex={0} ref={ref}>
      {children}
    </div>
  );
}
