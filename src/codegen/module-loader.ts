// The process in which the project's own modules run, under tsx: started for one request by module-process.ts and
// ended by it as soon as it has answered, whatever the modules have left open.

import { Server } from "node:net";
import { pathToFileURL } from "node:url";
import { declarationsOf, type Method } from "../endpoint/declarations.ts";
import { collectEndpoints, type Endpoint } from "../endpoint/collect.ts";
import { isPinestreamError } from "../errors/base.ts";
import { readParameterNames } from "../params/parameter-names.ts";
import { SchemaReader } from "../shape/from-schema.ts";
import type { ExportedModel } from "../reflect/endpoint-types.ts";
import type { LoadedEndpoint, LoadedModels, LoadMessage, LoadRequest } from "./module-messages.ts";
import { nameEndpoint } from "./name-endpoint.ts";

process.on("message", (request: LoadRequest) => {
  // A module that waits in vain shall end the process, not be kept from it by the channel.
  process.channel?.unref();
  void answer(request).finally(() => process.channel?.ref());
});
process.on("uncaughtException", report);
process.on("unhandledRejection", report);

// A module that starts a server when it is imported must not do so here. Whoever waits for it waits in vain.
Server.prototype.listen = function listen(): Server {
  send({ kind: "listening" });
  return this;
};

async function answer(request: LoadRequest): Promise<void> {
  try {
    if (request.kind === "config") {
      const { default: value } = await load(request.file);
      send({ kind: "config", value });
    } else {
      send({ kind: "models", models: await loadModels(request.files, request.prefix) });
    }
  } catch (error) {
    report(error);
  }
}

async function loadModels(files: readonly string[], prefix: string): Promise<LoadedModels> {
  const found = new Map<Method, ExportedModel>();
  for (const file of files) {
    for (const [exportName, value] of Object.entries(await load(file))) {
      const model = toModel(value);
      // A class that several files export counts where it comes first, but before an instance of it.
      if (model)
        found.set(model.constructor, found.get(model.constructor) ?? { file, exportName, ...model.exported });
    }
  }
  const readers = { input: new SchemaReader("input", prefix), output: new SchemaReader("output", prefix) };
  const endpoints = [...found].flatMap(([constructor, model]) =>
    // Its methods are looked at, never called, so that no constructor has to run.
    collectEndpoints(Object.create(constructor.prototype as object) as object).map((endpoint) => ({
      endpoint,
      model,
    })),
  );
  // In the order of their names, since types are named by where they come first.
  const sortKey = ({ endpoint }: (typeof endpoints)[number]): string => nameEndpoint(endpoint).typeName;
  endpoints.sort((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
  return {
    endpoints: endpoints.map(({ endpoint, model }) => toLoaded(endpoint, model, readers)),
    definitions: { ...readers.input.definitions, ...readers.output.definitions },
  };
}

function toModel(value: unknown): { constructor: Method; exported: { isInstance: boolean } } | undefined {
  const isInstance = typeof value === "object" && value !== null;
  const constructor: unknown = isInstance ? value.constructor : value;
  if (typeof constructor !== "function" || typeof constructor.prototype !== "object") return undefined;
  const isModel = declarationsOf(constructor as Method).size > 0;
  return isModel ? { constructor: constructor as Method, exported: { isInstance } } : undefined;
}

function toLoaded(
  endpoint: Endpoint,
  model: ExportedModel,
  readers: { input: SchemaReader; output: SchemaReader },
): LoadedEndpoint {
  const { className, methodName, httpMethod, path, description, resourceName, method, site, params, stream } =
    endpoint;
  const { typeName } = nameEndpoint(endpoint);
  return {
    ...model,
    className,
    methodName,
    httpMethod,
    path,
    description,
    resourceName,
    contentType: endpoint.api.contentType,
    params: params && readers.input.readFields(params, typeName),
    events: stream && readers.output.readEvents(stream.events, typeName),
    site: site?.line === undefined ? undefined : { ...site, line: site.line },
    length: method.length,
    parameterNames: readParameterNames(method),
  };
}

async function load(file: string): Promise<Record<string, unknown>> {
  send({ kind: "loading", file });
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>;
}

function report(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const frames =
    error instanceof Error ? (error.stack ?? "").slice(error.stack?.indexOf("\n    at ")).split("\n") : [];
  const places = frames.map(
    (frame) => /(?:file:\/\/)?(\/[^()]*:\d+:\d+|[A-Z]:\\[^()]*:\d+:\d+)\)?$/.exec(frame)?.[1],
  );
  const place = places.find(
    (each) => each !== undefined && !/[\\/]node_modules[\\/]|[\\/]codegen[\\/]module-/.test(each),
  );
  send({ kind: "problem", message, place, isOurs: isPinestreamError(error) });
}

function send(message: LoadMessage): void {
  process.send?.(message);
}
