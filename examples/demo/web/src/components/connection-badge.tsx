import type { ConnectionState } from "../state/connections.ts";
import { StatusDot, type Tone } from "./status-dot.tsx";

const WORDS: Record<ConnectionState["status"], { tone: Tone; text: string }> = {
  idle: { tone: "idle", text: "Idle" },
  connecting: { tone: "wait", text: "Connecting" },
  open: { tone: "good", text: "Live" },
  reconnecting: { tone: "wait", text: "Reconnecting" },
  ended: { tone: "idle", text: "Finished" },
  closed: { tone: "idle", text: "Closed" },
  failed: { tone: "bad", text: "Failed" },
};

/** A panel's connection in a word, with how often it has been tried again. */
export function ConnectionBadge({ status, retryCount }: ConnectionState) {
  const { tone, text } = WORDS[status];
  return (
    <span className="badge" data-status={status}>
      <StatusDot tone={tone} />
      {text}
      {status === "reconnecting" && retryCount > 0 && <span className="count"> (attempt {retryCount})</span>}
    </span>
  );
}
