import { ForbiddenError, UnauthorizedError } from "../errors/http-errors.ts";
import type { Context } from "./context.ts";

/** Decides whether a request may go on. What it throws keeps its status. */
export type Guard = (ctx: Context) => boolean | Promise<boolean>;

/** Guards by name. */
export type Guards = Record<string, Guard>;

/** Guards that every server has. `user`: somebody is signed in. */
export const BUILT_IN_GUARDS: Guards = { user: (ctx) => ctx.optionalUser !== null };

/**
 * Awaits guards one after another.
 *
 * @throws UnauthorizedError if one says no and nobody is signed in, ForbiddenError if somebody is.
 */
export async function passGuards(guards: readonly Guard[], ctx: Context, endpoint: string): Promise<void> {
  for (const guard of guards) {
    // Only `true` lets pass: a guard that forgets to return must not let everyone in.
    if ((await guard(ctx)) === true) continue;
    if (ctx.optionalUser === null) throw new UnauthorizedError(undefined, { endpoint });
    throw new ForbiddenError(undefined, { endpoint });
  }
}
