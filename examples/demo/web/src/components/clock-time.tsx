const TIME = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short" });

/** A time of day, with the day where that is not today. */
export function ClockTime({ at }: { at: Date }) {
  const isToday = at.toDateString() === new Date().toDateString();
  return (
    <time dateTime={at.toISOString()}>
      {!isToday && <span className="day">{DAY.format(at)} </span>}
      {TIME.format(at)}
    </time>
  );
}
