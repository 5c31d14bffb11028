import { Flag } from "./flag.tsx";
import { OverallStatus } from "./overall-status.tsx";
import { ThemeChoice } from "./theme-choice.tsx";

/** The head of the page: whose it is, how its connections are, and by which light it is read. */
export function Masthead() {
  return (
    <header className="masthead">
      <div className="masthead-inner">
        <span className="hoist" aria-hidden="true">
          <Flag letter="K" />
          <Flag letter="Q" />
        </span>
        <div className="masthead-title">
          <h1>Kestrel Quay</h1>
          <p>The harbour office, live</p>
        </div>
        <OverallStatus />
        <ThemeChoice />
      </div>
      <svg className="waterline" viewBox="0 0 120 8" preserveAspectRatio="none" aria-hidden="true">
        <path d="M0 5q7.5-5 15 0t15 0 15 0 15 0 15 0 15 0 15 0 15 0v3H0z" />
      </svg>
    </header>
  );
}
