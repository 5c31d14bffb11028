// The id of a run says whose it is: it ends in a digest over its random part, the endpoint and the user. Another
// user's id of the same random part is another id, of which there is no run. So it can be checked by every process,
// and nobody gets at a run by its id alone.

import { createHash, randomBytes } from "node:crypto";

const RANDOM_BYTES = 9;
const RANDOM_LENGTH = 12;
const OWNER_LENGTH = 8;
const RUN_ID = /^[\w-]{20}$/;
const POSITION = /^run\.([\w-]{20})\.([^]*)$/;

/** Makes the id of a new run. `user` is what tells one user from another; `undefined` for nobody. */
export function createRunId(endpoint: string, user: unknown): string {
  const random = randomBytes(RANDOM_BYTES).toString("base64url");
  return random + digestOwner(random, endpoint, user);
}

/** Tells whether a text may be the id of a run of this endpoint that this user has started. */
export function isRunOf(id: string, endpoint: string, user: unknown): boolean {
  if (!RUN_ID.test(id)) return false;
  const random = id.slice(0, RANDOM_LENGTH);
  return id.slice(RANDOM_LENGTH) === digestOwner(random, endpoint, user);
}

/** What stands before a position in the ids of a run's events. */
export function formatRunPrefix(id: string): string {
  return `run.${id}.`;
}

/** Takes an event's id apart: the run, and the position in it. */
export function parseRunPosition(eventId: string): { run: string; position: string } | undefined {
  const [, run, position] = POSITION.exec(eventId) ?? [];
  return run === undefined || position === undefined ? undefined : { run, position };
}

function digestOwner(random: string, endpoint: string, user: unknown): string {
  const owner = user === undefined ? "" : `${typeof user}:${String(user)}`;
  const text = `${random}\n${endpoint}\n${owner}`;
  return createHash("sha256").update(text).digest("base64url").slice(0, OWNER_LENGTH);
}
