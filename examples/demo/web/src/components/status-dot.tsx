/** How good a state is; each has a colour, and a shape for those who don't tell colours apart. */
export type Tone = "good" | "wait" | "bad" | "idle";

/** A mark before the words of a state. */
export function StatusDot({ tone }: { tone: Tone }) {
  return <span className="dot" data-tone={tone} aria-hidden="true" />;
}
