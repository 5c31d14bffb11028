import type { FastifyInstance, FastifyPluginAsync } from "fastify";
import fastifyPlugin from "fastify-plugin";

import { Application, type ServeOptions } from "./application.ts";
import { endResetStreams, endResetStreamsOf } from "./end-reset-streams.ts";
import { answerErrors } from "./error-reply.ts";
import { FAREWELL_MS, OpenConnections } from "./open-connections.ts";
import { addRoutes } from "./routes.ts";
import type { Runs } from "../runtime/runs.ts";
import { shareListenMethods } from "./share-listen-methods.ts";
import { Streams } from "./streams.ts";

declare module "fastify" {
  interface FastifyInstance {
    /** The open streams of this application. */
    streams: Streams;
    /** The runs of durable endpoints; of the application that was registered first, where there are several. */
    runs: Runs;
  }
}

/**
 * Fastify plugin that serves the endpoints of models. Register it with a `prefix` like any other; its hooks and
 * its error handling stay within. `streams` is added to the instance it is registered on.
 *
 * @throws EndpointDefinitionError, ParameterDescriptionError when an endpoint cannot work.
 */
const plugin: FastifyPluginAsync<ServeOptions> = async (fastify, options) => {
  await mount(fastify, await Application.prepare(options), options.prefix);
};

/** Serves an application that is ready already. */
export async function mount(
  fastify: FastifyInstance,
  application: Application,
  prefix: string | undefined,
): Promise<void> {
  if (!fastify.hasDecorator("streams")) fastify.decorate("streams", new Streams());
  if (!fastify.hasDecorator("runs")) fastify.decorate("runs", application.runs);
  application.listIn(fastify.streams);
  await fastify.register(
    async (scope: FastifyInstance) => {
      answerErrors(scope, fastify);
      endResetStreamsOf(scope);
      addRoutes(scope, application);
      const connections = new OpenConnections(scope.server);
      shareListenMethods(scope.server);
      endResetStreams(scope.server);
      scope.addHook("preClose", async () => {
        const deadline = Date.now() + application.shutdownBoundMs(scope);
        await application.drain(scope.log, deadline - FAREWELL_MS - Date.now());
        connections.close(deadline - Date.now());
      });
      scope.addHook("onClose", () => application.close());
      scope.addHook("onReady", () => application.warnOfLimits(scope.log));
      // Not awaited: nobody waits for the database who queries nothing.
      scope.addHook("onListen", async () => void application.warmUp(scope.log));
    },
    { prefix: prefix ?? "" },
  );
}

/** The plugin; only the `streams` decoration reaches the instance that it is registered on. */
export const pinestream = fastifyPlugin(plugin, { name: "pinestream", fastify: "5.x" });
