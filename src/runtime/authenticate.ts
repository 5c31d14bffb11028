import type { FastifyRequest } from "fastify";

import type { RegisteredUser } from "../endpoint/register.ts";
import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { UnauthorizedError } from "../errors/http-errors.ts";

/** A user whose sign-in ends at a time: a `Date` or ms since the epoch. */
export interface ExpiringUser {
  user: RegisteredUser;
  expiresAt: Date | number;
}

/**
 * Finds out who sends a request: the user, or `null` when nobody is signed in. With `expiresAt` the user's
 * streams are closed at that time.
 */
export type Authenticate = (
  request: FastifyRequest,
) => RegisteredUser | ExpiringUser | null | Promise<RegisteredUser | ExpiringUser | null>;

/** Who sends a request, and until when that holds. */
export interface Identity {
  user: RegisteredUser | null;
  /** ms since the epoch. */
  expiresAt: number | undefined;
}

/** Who sends a request where the application does not ask. */
export const NOBODY: Identity = { user: null, expiresAt: undefined };

/**
 * Asks the application who sends a request.
 *
 * @throws UnauthorizedError if the sign-in has expired already, and whatever `authenticate` throws.
 */
export async function identify(authenticate: Authenticate, request: FastifyRequest): Promise<Identity> {
  // `isValid && user` gives false for nobody, and must not sign everybody in.
  const result: unknown = (await authenticate(request)) || null;
  if (!isExpiring(result)) return { user: result as RegisteredUser | null, expiresAt: undefined };
  const user = (result.user || null) as RegisteredUser | null;
  if (result.expiresAt === undefined || result.expiresAt === null) return { user, expiresAt: undefined };
  const expiresAt = Number(result.expiresAt);
  if (Number.isNaN(expiresAt)) {
    throw new TypeError("authenticate gave an expiresAt that is no time. Give a Date or ms since the epoch.");
  }
  if (expiresAt <= Date.now()) throw new UnauthorizedError("The sign-in has expired. Sign in again.");
  return { user, expiresAt };
}

function isExpiring(result: unknown): result is ExpiringUser {
  return typeof result === "object" && result !== null && "user" in result && "expiresAt" in result;
}

/** What tells one user from another: the `id`, or a plain value itself; `undefined` where there is neither. */
export function userKey(user: unknown): unknown {
  if (user === null || user === undefined) return undefined;
  if (typeof user !== "object") return user;
  return "id" in user ? user.id : undefined;
}

/**
 * What tells whose a run is; `undefined` for nobody's.
 *
 * @throws EndpointDefinitionError for a user of whom nothing tells, since all such would be taken for one.
 */
export function ownerOf(endpoint: string, user: unknown): unknown {
  const key = userKey(user);
  if (key !== undefined || user === null) return key;
  throw new EndpointDefinitionError(
    endpoint,
    "is durable, and its runs belong to users by their id, but authenticate gave a user without one. Give it an id.",
  );
}
