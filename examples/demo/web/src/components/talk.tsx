import { useStickToEnd } from "../hooks/use-stick-to-end.ts";
import type { Line } from "../state/channel.ts";
import { ClockTime } from "./clock-time.tsx";
import { Empty } from "./empty.tsx";
import { ScrollBox } from "./scroll-box.tsx";

/** What is said on a channel, with the newest at the end. */
export function Talk({
  channel,
  callSign,
  lines,
  isLoaded,
  isBusy,
}: {
  channel: number;
  callSign: string;
  lines: readonly Line[];
  isLoaded: boolean;
  isBusy: boolean;
}) {
  // That we have come ourselves is no news to us.
  const shown = lines.filter((line) => line.kind === "said" || line.callSign !== callSign);
  const ref = useStickToEnd<HTMLDivElement>(shown.length);
  return (
    <ScrollBox label={`What is said on channel ${channel}`} isBusy={isBusy} ref={ref}>
      {shown.length === 0 && <Empty>{isLoaded ? "Nothing but static. Say something." : "Tuning in…"}</Empty>}
      <ul className="talk">
        {shown.map((line) =>
          line.kind === "said" ? (
            <li key={line.id} data-own={line.callSign === callSign}>
              <p className="meta">
                <strong>{line.callSign}</strong>
                <ClockTime at={line.sentAt} />
              </p>
              <p>{line.text}</p>
            </li>
          ) : (
            <li key={line.id} className="aside">
              {line.callSign} {line.kind === "joined" ? "came on the channel" : "left the channel"}
            </li>
          ),
        )}
      </ul>
    </ScrollBox>
  );
}
