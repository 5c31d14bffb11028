import type { ConnectionState } from "../state/connections.ts";
import { describeError } from "../state/describe-error.ts";

/** Says why a panel is not live, and offers what can be done about it; nothing while all is well. */
export function ConnectionNotice({
  connection: { status, error },
  panel,
  onRetry,
}: {
  connection: ConnectionState;
  panel: string;
  onRetry: () => void;
}) {
  if (status !== "reconnecting" && status !== "failed") return null;
  const isLost = status === "reconnecting";
  return (
    <div className="connection-notice" data-tone={isLost ? "wait" : "bad"}>
      <p>
        {isLost ? "What you see may be old. " : ""}
        {error === undefined ? "The connection broke off." : describeError(error)}
      </p>
      <button type="button" className="quiet" onClick={onRetry}>
        {isLost ? "Try now" : "Try again"}
        <span className="visually-hidden">: {panel}</span>
      </button>
    </div>
  );
}
