import type { z } from "zod";

/** HTTP methods that an endpoint may answer to. */
export type HTTPMethod = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** All that `HTTPMethod` allows. */
export const HTTP_METHODS: readonly HTTPMethod[] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/** What to do with a client that takes events more slowly than they are published. */
export type OverflowPolicy = "close" | "drop";

/** Options that both kinds of endpoint take. */
export interface EndpointOptions {
  /**
   * Method of the route; `GET` by default. GET and DELETE take parameters from the query string, the others
   * from the JSON body.
   */
  httpMethod?: HTTPMethod;
  /** Path below the prefix, with a leading slash, in place of `/{model}/{method}`. */
  path?: string;
  /** Names of guards that are awaited in this order before the handler runs. */
  guards?: readonly string[];
  /** What the endpoint is for, in a sentence; goes into generated code. */
  description?: string;
  /** Name of the model in generated code, where it shall differ from the class's. */
  resourceName?: string;
  /**
   * Schemas of the method's parameters by name, in the method's order; the context comes last. Without it the
   * parameters are read from the TypeScript source or the manifest.
   */
  params?: z.ZodObject;
}

/** Options of `@stream`. */
export interface StreamOptions<E extends z.ZodObject = z.ZodObject> extends EndpointOptions {
  /** Kind of stream; Server-Sent Events are the only one. */
  type: "sse";
  /** A `z.object` whose keys are event names and whose values are the schemas of their data. */
  events: E;
  /** Longest silence on the stream in ms, or `false` for no keep-alive; the server's `keepAlive` by default. */
  keepAlive?: number | false;
  /** Reconnection time in ms that clients are told when the stream opens; their own by default. */
  retry?: number;
  /**
   * Whether the handler runs on when its client leaves: its events are kept in a log of its own, a client that
   * reconnects goes on where it was, and only `cancel` stops it. Not by default.
   */
  durable?: boolean;
  /** What becomes of a client that is too slow; the server's `overflow` by default. */
  overflow?: OverflowPolicy;
}

/** Options of `@api`. */
export interface APIOptions extends EndpointOptions {
  /** Media type of the answer; `application/json` by default. */
  contentType?: string;
  /**
   * Whether the compression plugin of the application, where there is one, may compress the answer. On a
   * stream only `false` is allowed, and it is the default there.
   */
  compress?: boolean;
}
