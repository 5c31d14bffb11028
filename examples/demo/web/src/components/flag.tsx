import type { ReactNode } from "react";

/** Letters whose flags the page flies. */
export type FlagLetter = "K" | "L" | "N" | "Q" | "R" | "S" | "U";

const WHITE = "#f7f5ef";
const BLUE = "#14506b";
const RED = "#c8402f";
const YELLOW = "#f2c230";
const BLACK = "#22292d";

/** Squares of a chequered field, on a flag of 24 by 24. */
const CHEQUERS = [0, 1, 2, 3].flatMap((row) =>
  [0, 1, 2, 3].filter((column) => (row + column) % 2 === 0).map((column) => ({ x: column * 6, y: row * 6 })),
);

const FIELDS: Record<FlagLetter, { ground: string; marks: ReactNode }> = {
  K: { ground: YELLOW, marks: <rect x="12" width="12" height="24" fill={BLUE} /> },
  Q: { ground: YELLOW, marks: null },
  N: {
    ground: WHITE,
    marks: CHEQUERS.map(({ x, y }) => (
      <rect key={`${x} ${y}`} x={x} y={y} width="6" height="6" fill={BLUE} />
    )),
  },
  U: { ground: WHITE, marks: <path d="M0 0h12v12H0zM12 12h12v12H12z" fill={RED} /> },
  L: { ground: YELLOW, marks: <path d="M12 0h12v12H12zM0 12h12v12H0z" fill={BLACK} /> },
  R: { ground: RED, marks: <path d="M9.5 0h5v9.5H24v5h-9.5V24h-5v-9.5H0v-5h9.5z" fill={YELLOW} /> },
  S: { ground: WHITE, marks: <rect x="7" y="7" width="10" height="10" fill={BLUE} /> },
};

/** A flag of the international code of signals; decoration, so nothing is told of it. */
export function Flag({ letter }: { letter: FlagLetter }) {
  const { ground, marks } = FIELDS[letter];
  return (
    <svg className="flag" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <rect width="24" height="24" fill={ground} />
      {marks}
    </svg>
  );
}
