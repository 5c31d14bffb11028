import { identify, NOBODY, type Identity } from "./authenticate.ts";
import { extendContext, RequestContext, type Context, type ContextSource } from "./context.ts";
import { passGuards } from "./guards.ts";
import type { RuntimeEndpoint, StreamHost } from "./types.ts";

/** What differs between the kinds of request that enter an endpoint. */
export interface Entry extends ContextSource {
  /** Told who sends the request before anything else happens; what it throws refuses the request. */
  onIdentity?(identity: Identity): void;
}

/**
 * Takes a request up to its handler: signs in, passes the guards, reads the arguments, in this order. Gives the
 * arguments to call the method with.
 *
 * @throws UnauthorizedError, ForbiddenError, InvalidParametersError, and what the application's functions throw.
 */
export async function enter(
  endpoint: RuntimeEndpoint,
  host: Pick<StreamHost, "authenticate" | "extras">,
  entry: Entry,
): Promise<unknown[]> {
  const context = await letIn(endpoint, host, entry);
  return endpoint.parser.toArguments(context.params, context);
}

/** Signs in and passes the guards, for a request that runs no handler. @throws like `enter`, but for arguments. */
export async function letIn(
  endpoint: RuntimeEndpoint,
  host: Pick<StreamHost, "authenticate" | "extras">,
  entry: Entry,
): Promise<Context> {
  const { request } = entry;
  // What is not asked for is not waited for: each wait is a turn through the queue of promises.
  const identity = host.authenticate ? await identify(host.authenticate, request) : NOBODY;
  entry.onIdentity?.(identity);
  const context = new RequestContext(endpoint, entry, identity.user);
  const extras = host.extras && (await host.extras(request));
  if (extras) extendContext(endpoint.name, context, extras);
  const ctx = context as unknown as Context;
  if (endpoint.guards.length > 0) await passGuards(endpoint.guards, ctx, endpoint.name);
  return ctx;
}
