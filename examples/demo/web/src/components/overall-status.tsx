import { useConnections, type ConnectionState } from "../state/connections.ts";
import { StatusDot, type Tone } from "./status-dot.tsx";

/**
 * How the page as a whole is connected. It is spoken when that changes, so it counts neither attempts nor
 * panels.
 */
export function OverallStatus() {
  const { tone, text } = summarise([...useConnections()]);
  return (
    <p className="overall" role="status" data-testid="overall">
      <StatusDot tone={tone} />
      {text}
    </p>
  );
}

function summarise(connections: [string, ConnectionState][]): { tone: Tone; text: string } {
  const named = (...statuses: ConnectionState["status"][]): string[] =>
    connections.filter(([, { status }]) => statuses.includes(status)).map(([name]) => name);
  const failed = named("failed");
  if (failed.length > 0) return { tone: "bad", text: `Not connected: ${failed.join(", ")}` };
  const lost = named("reconnecting");
  if (lost.length > 1) return { tone: "wait", text: "Connection lost, reconnecting" };
  if (lost.length === 1) return { tone: "wait", text: `Connection lost, reconnecting ${lost[0]}` };
  if (named("connecting").length > 0 || connections.length === 0) return { tone: "wait", text: "Connecting" };
  return { tone: "good", text: "All panels live" };
}
