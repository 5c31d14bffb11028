import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import fastifyPlugin from "fastify-plugin";

import type { ServeOptions } from "./application.ts";
import { Application } from "./application.ts";
import { addRoutes } from "./routes.ts";
import { Streams } from "./streams.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** The open streams of this application. */
    streams: Streams;
  }
}

/**
 * Fastify plugin that serves the endpoints of models. Register it with a `prefix` like any other; its hooks and
 * its error handling stay within. `streams` is added to the instance it is registered on.
 *
 * @throws EndpointDefinitionError, ParameterDescriptionError when an endpoint cannot work.
 */
const plugin: FastifyPluginAsync<ServeOptions> = async (fastify, options) => {
  if (!fastify.hasDecorator("streams")) fastify.decorate("streams", new Streams());
  const application = await Application.prepare(options, fastify.streams);
  await fastify.register(
    async (scope: FastifyInstance) => {
      addRoutes(scope, application);
      scope.addHook("preClose", () => application.drain(scope.log));
      scope.addHook("onClose", () => application.close());
      scope.addHook("onReady", () => application.warnOfLimits(scope.log));
    },
    { prefix: options.prefix ?? "" },
  );
};

/** The plugin; only the `streams` decoration reaches the instance that it is registered on. */
export const pinestream = fastifyPlugin(plugin, { name: "pinestream", fastify: "5.x" });
