import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";

import type { PinestreamOptions } from "./options.ts";
import { Application } from "./application.ts";
import { mount } from "./plugin.ts";

/** Options of `createServer`. */
export interface CreateServerOptions extends PinestreamOptions {
  /** Path before all routes; `/api` by default. */
  prefix?: string;
  /** Whether SIGTERM and SIGINT close the server and then end the process; not by default. */
  handleSignals?: boolean;
  /** Fastify's own options; by default it logs warnings and errors to standard output. */
  fastify?: FastifyServerOptions & { http2?: boolean; https?: object | null; http2SessionTimeout?: number };
}

/**
 * Creates a Fastify instance that serves the endpoints of models. Call `listen` on it.
 *
 * @throws EndpointDefinitionError, ParameterDescriptionError when an endpoint cannot work, DatabaseError when
 * migrations fail, TypeError for a wrong option.
 */
export async function createServer(options: CreateServerOptions): Promise<FastifyInstance> {
  const { prefix = "/api", handleSignals = false, fastify: fastifyOptions, ...rest } = options;
  // Outside of a plugin, since Fastify allows those 10 s only, and to read the source takes what it takes.
  const application = await Application.prepare(rest);
  const app: FastifyInstance = Fastify({
    logger: { level: "warn" },
    // While it closes, streams are refused with a retry-after; Fastify's own 503 has none.
    return503OnClosing: false,
    // Fastify bounds closing by the same time as starting.
    pluginTimeout: Math.ceil(options.shutdownTimeout ?? 10_000) + 10_000,
    ...fastifyOptions,
  } as FastifyServerOptions);
  try {
    await mount(app, application, prefix);
  } catch (error) {
    await application.close();
    throw error;
  }
  if (handleSignals) closeOnSignals(app);
  return app;
}

function closeOnSignals(app: FastifyInstance): void {
  let isClosing = false;
  const close = (signal: NodeJS.Signals): void => {
    // A second signal means: now.
    if (isClosing) process.exit(signal === "SIGINT" ? 130 : 143);
    isClosing = true;
    app.close().then(
      () => process.exit(),
      (error: unknown) => {
        app.log.error({ err: error }, "the server could not close cleanly");
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", close);
  process.on("SIGINT", close);
  app.addHook("onClose", () => {
    process.off("SIGTERM", close);
    process.off("SIGINT", close);
  });
}
