import { spawnSync } from "node:child_process";

import type { Options } from "./options.ts";

/** Files that a process has open beside its sockets, generously. */
const SPARE = 200;

/**
 * Sees to it that a process may have as many sockets as the workloads open. Node.js raises the soft limit to the
 * hard one by itself, so that one counts.
 *
 * @throws Error that says what to do.
 */
export function assertOpenFiles({ isQuick, workloads }: Options): void {
  if (isQuick) return;
  const needed = (workloads.some(({ id }) => id === "W5") ? 10_000 : 5_000) + SPARE;
  const { stdout } = spawnSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" });
  const limit = Number(stdout);
  // "unlimited", or a system without such a limit.
  if (!(limit < needed)) return;
  throw new Error(
    `A process may have ${limit} files open here, and ${needed} are needed. As root: ` +
      "`prlimit --nofile=20000 --pid $$`, in the shell that runs this. Or leave workloads out with --only.",
  );
}
