import type { FastifyRequest } from "fastify";

import type { OverflowPolicy } from "../endpoint/options.ts";
import type { DatabaseOptions } from "../database/database.ts";
import type { Manifest } from "../params/types.ts";
import type { Authenticate } from "../runtime/authenticate.ts";
import type { Guards } from "../runtime/guards.ts";
import type { Broker } from "../topic/broker.ts";
import type { RunOptions } from "../runtime/runs.ts";

/** A model: an instance, a class that takes no arguments, or a glob of files that export either. */
export type ModelSource = object | string;

/** Options of the plugin. */
export interface PinestreamOptions {
  /** The models whose endpoints are served: instances, classes, or globs relative to the working directory. */
  models: ModelSource | readonly ModelSource[];
  /** Finds out who sends a request; without it nobody is signed in. */
  authenticate?: Authenticate;
  /** Guards by name, beside the built-in `user`. */
  guards?: Guards;
  /** Makes what is added to every context; give its type in `Register`. */
  context?: (request: FastifyRequest) => object | Promise<object>;
  /** The database of the models; by default the one that `DATABASE_URL` names, else one inside the process. */
  database?: DatabaseOptions;
  /**
   * What connects topics with other processes: `redisBroker`, `natsBroker`; by default the memory of this process.
   * It is closed with the last server that it was given to.
   */
  broker?: Broker;
  /** How much is kept of the runs of durable endpoints, and how many there may be. */
  runs?: RunOptions;
  /** The manifest of `pinestream generate`, or its path; `src/pinestream.manifest.json` by default. */
  manifest?: string | Manifest;
  /** Longest silence on a stream in ms, 15,000 by default, or `false` for no keep-alive. */
  keepAlive?: number | false;
  /** Most bytes that may wait for one client; 1 MiB by default. */
  maxBufferedBytes?: number;
  /** What becomes of a client that is slower: disconnected (`close`, the default) or its oldest events dropped. */
  overflow?: OverflowPolicy;
  /** Time in ms after which a client that takes no byte is disconnected; 30,000 by default. */
  stallTimeout?: number;
  /** Most open streams; a further one is answered 503. Unlimited by default. */
  maxConnections?: number;
  /** Most open streams for each user, or address where nobody is signed in; then 429. Unlimited by default. */
  maxConnectionsPerClient?: number;
  /** Longest life of a stream in ms, of which each is given 80 to 100 %; unlimited by default. */
  maxLifetime?: number;
  /** Most time in ms that handlers and clients are given when the server closes; 10,000 by default. */
  shutdownTimeout?: number;
}

/** Settings with their defaults filled in. */
export type Settings = Required<
  Pick<PinestreamOptions, "keepAlive" | "maxBufferedBytes" | "overflow" | "stallTimeout" | "shutdownTimeout">
>;

const DEFAULTS: Settings = {
  keepAlive: 15_000,
  maxBufferedBytes: 1_048_576,
  overflow: "close",
  stallTimeout: 30_000,
  shutdownTimeout: 10_000,
};

/**
 * Checks the options and fills in defaults.
 *
 * @throws TypeError naming the option and what it takes.
 */
export function readOptions(options: PinestreamOptions): Settings {
  const settings: Settings = {
    keepAlive: options.keepAlive ?? DEFAULTS.keepAlive,
    maxBufferedBytes: options.maxBufferedBytes ?? DEFAULTS.maxBufferedBytes,
    overflow: options.overflow ?? DEFAULTS.overflow,
    stallTimeout: options.stallTimeout ?? DEFAULTS.stallTimeout,
    shutdownTimeout: options.shutdownTimeout ?? DEFAULTS.shutdownTimeout,
  };
  if (settings.keepAlive !== false) assertPositive("keepAlive", settings.keepAlive, "ms, or false");
  assertPositive("maxBufferedBytes", settings.maxBufferedBytes, "bytes");
  assertPositive("stallTimeout", settings.stallTimeout, "ms");
  assertPositive("maxConnections", options.maxConnections, "streams");
  assertPositive("maxConnectionsPerClient", options.maxConnectionsPerClient, "streams");
  assertPositive("maxLifetime", options.maxLifetime, "ms");
  if (!(settings.shutdownTimeout >= 0 && Number.isFinite(settings.shutdownTimeout))) {
    throw new TypeError(`shutdownTimeout is ${settings.shutdownTimeout}. Give a number of ms, 0 or more.`);
  }
  if (settings.overflow !== "close" && settings.overflow !== "drop") {
    throw new TypeError(`overflow is ${JSON.stringify(settings.overflow)}. Use "close" or "drop".`);
  }
  if (options.models === undefined) {
    throw new TypeError(
      "models is missing. Give the instances, classes or globs whose endpoints are to be served.",
    );
  }
  return settings;
}

function assertPositive(name: string, value: number | undefined, unit: string): void {
  const isFinite = Number.isFinite(value) || unit === "streams" || unit === "bytes";
  if (value === undefined || (typeof value === "number" && value > 0 && isFinite)) return;
  throw new TypeError(`${name} is ${value}. Give a finite number of ${unit} above 0.`);
}
