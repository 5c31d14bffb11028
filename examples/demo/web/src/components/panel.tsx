import type { ReactNode } from "react";
import { useReport, type ConnectionState } from "../state/connections.ts";
import { ConnectionBadge } from "./connection-badge.tsx";
import { ConnectionNotice } from "./connection-notice.tsx";
import { Flag, type FlagLetter } from "./flag.tsx";

/** What the panels differ in. */
export interface PanelProps {
  id: string;
  title: string;
  flag: FlagLetter;
  connection: ConnectionState;
  onRetry: () => void;
  /** What stands beside the title: a choice of what to watch. */
  controls?: ReactNode;
  children: ReactNode;
}

/** One panel: its head with the state of its connection, and what it shows. */
export function Panel({ id, title, flag, connection, onRetry, controls, children }: PanelProps) {
  useReport(title, connection);
  return (
    <section
      id={id}
      className={`panel panel-${id}`}
      aria-labelledby={`${id}-title`}
      data-status={connection.status}
    >
      <div className="panel-head">
        <Flag letter={flag} />
        <h2 id={`${id}-title`}>{title}</h2>
        {controls}
        <ConnectionBadge {...connection} />
      </div>
      <ConnectionNotice connection={connection} panel={title} onRetry={onRetry} />
      {children}
    </section>
  );
}
