// A request to a durable endpoint: it starts a run and views it, or views one that is there. The run knows nothing
// of its viewers.

import type { StreamConnection } from "../connection/stream-connection.ts";
import type { ConnectionSettings } from "../connection/settings.ts";
import { RunGoneError } from "../errors/http-errors.ts";
import { isRunOf, parseRunPosition } from "../runs/run-id.ts";
import { MARKS, RunLog } from "../runs/run-log.ts";
import { viewRun } from "../runs/view-run.ts";
import { ownerOf } from "./authenticate.ts";
import { DurableRun } from "./durable-run.ts";
import { enter, letIn, type Entry } from "./enter.ts";
import type { RunHost, RuntimeEndpoint, StreamHost } from "./types.ts";

/** Response header that names the run. */
const RUN_HEADER = "pinestream-run";

/** A request to a durable endpoint. */
export interface RunRequest extends Entry {
  readonly connection: StreamConnection;
  /** The run that the path names, if it names one. */
  readonly runId: string | undefined;
  /** Called when the request is let in. */
  onEnter(): void;
}

/**
 * Serves a viewer until the run is over or the viewer leaves. A client that comes again is given the run it had,
 * and never starts another.
 *
 * @throws RunGoneError where the run is not there any more, and what signing in, guards and the handler throw.
 */
export async function serveRun(
  endpoint: RuntimeEndpoint & { stream: ConnectionSettings },
  host: StreamHost,
  viewer: RunRequest,
): Promise<void> {
  const { connection, runId } = viewer;
  const { lastEventId } = connection;
  const started =
    runId === undefined && lastEventId === undefined ? await start(endpoint, host, viewer) : undefined;
  if (connection.closed) return;
  const position = lastEventId === undefined ? undefined : parseRunPosition(lastEventId);
  const log = started ?? (await find(endpoint, host, viewer, runId ?? position?.run ?? ""));
  if (connection.closed) return;
  const outcome = await viewRun(connection, log, {
    after: position?.run === log.id ? position.position : undefined,
    isNew: started !== undefined,
    onBegin: () => {
      viewer.reply.header(RUN_HEADER, log.id);
      connection.open();
    },
  });
  if (outcome === "gone") throw new RunGoneError(endpoint.name);
  if (outcome === "end") await connection.end();
  else if (outcome !== "closed") connection.close(outcome === "cancelled" ? "closed" : "error");
}

/**
 * Asks a run to stop, in whichever process it is. Resolves when that is on its way.
 *
 * @throws RunGoneError where there is no such run of this user, and what signing in and guards throw.
 */
export async function cancelRun(
  endpoint: RuntimeEndpoint,
  host: StreamHost,
  entry: Entry,
  runId: string,
): Promise<void> {
  let user: unknown = null;
  await letIn(endpoint, host, { ...entry, onIdentity: (identity) => (user = identity.user) });
  const log = toLog(endpoint, host.runs, user, runId);
  if (!(await log.exists())) throw new RunGoneError(endpoint.name);
  await log.append(MARKS.cancel);
}

async function start(
  endpoint: RuntimeEndpoint & { stream: ConnectionSettings },
  host: StreamHost,
  viewer: RunRequest,
): Promise<RunLog> {
  const { request, reply, connection } = viewer;
  const run = new DurableRun({ endpoint, host, log: request.log });
  const args = await enter(endpoint, host, {
    request,
    reply,
    connection: run.connection,
    run,
    lastEventId: undefined,
    get signal() {
      return run.connection.signal;
    },
    onIdentity: (identity) => {
      viewer.onIdentity?.(identity);
      run.identify(identity.user);
    },
  });
  // Who has left meanwhile has not asked for it to be run without them.
  if (connection.closed) return run.events;
  viewer.onEnter();
  await run.start(args);
  return run.events;
}

async function find(
  endpoint: RuntimeEndpoint,
  host: StreamHost,
  viewer: RunRequest,
  runId: string,
): Promise<RunLog> {
  const { request, reply, connection, lastEventId } = viewer;
  let user: unknown = null;
  await letIn(endpoint, host, {
    request,
    reply,
    connection: undefined,
    lastEventId,
    get signal() {
      return connection.signal;
    },
    onIdentity: (identity) => {
      viewer.onIdentity?.(identity);
      ({ user } = identity);
    },
  });
  if (!connection.closed) viewer.onEnter();
  return toLog(endpoint, host.runs, user, runId);
}

/** What is no run of this user is one that nobody has started. */
function toLog(endpoint: RuntimeEndpoint, runs: RunHost, user: unknown, runId: string): RunLog {
  if (!isRunOf(runId, endpoint.name, ownerOf(endpoint.name, user))) throw new RunGoneError(endpoint.name);
  return new RunLog(runs.broker(), runId, runs.settings);
}
