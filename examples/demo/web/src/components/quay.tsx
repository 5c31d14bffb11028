const COLUMN = 10;
const ROW = 8;
const ROWS = 5;
const GROUND = 92;
const QUAY_X = 18;
const SHIP_X = 182;

/** Containers on the ship and ashore. A picture of what the words and the bar beside it say, so nothing is told. */
export function Quay({ containers, moved }: { containers: number; moved: number }) {
  return (
    <svg className="quay" viewBox="0 0 340 120" aria-hidden="true" focusable="false">
      <path className="quay-wall" d="M0 92h164v28H0z" />
      <path
        className="quay-crane"
        d="M150 92V20M136 92V20M128 20h132M143 20V8l88 12M143 8l-15 12M214 20v12"
      />
      <path className="quay-hull" d="M172 92h156l-12 18H184z" />
      <path className="quay-hull" d="M306 68h16v24h-16z" />
      <path
        className="quay-sea"
        d="M160 104q7.5-4 15 0t15 0 15 0 15 0 15 0 15 0 15 0 15 0 15 0 15 0 15 0 15 0v16H160z"
      />
      <Stack count={containers - moved} x={SHIP_X} className="aboard" />
      <Stack count={moved} x={QUAY_X} className="ashore" />
    </svg>
  );
}

function Stack({ count, x, className }: { count: number; x: number; className: string }) {
  return (
    <g className={className}>
      {Array.from({ length: count }, (_, index) => (
        <rect
          key={index}
          x={x + Math.floor(index / ROWS) * COLUMN}
          y={GROUND - ROW - (index % ROWS) * ROW}
          width={COLUMN - 1.5}
          height={ROW - 1.5}
          rx="0.75"
        />
      ))}
    </g>
  );
}
