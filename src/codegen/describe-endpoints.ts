// Brings together what each source knows of the endpoints: the running modules their schemas and options, the
// type checker the results and what schemas leave open, the manifest the arguments.

import { dirname, relative } from "node:path";
import type { ts } from "ts-morph";
import { GenerateError } from "../errors/generate-errors.ts";
import { findInManifest } from "../params/manifest.ts";
import type { Manifest } from "../params/types.ts";
import type { ClientEndpoint } from "../print/client-module.ts";
import type { CompilerPackage } from "../reflect/compiler.ts";
import { describeMethods } from "../reflect/describe-methods.ts";
import { EndpointTypes } from "../reflect/endpoint-types.ts";
import { fillOpaque, isOpen } from "../shape/fill.ts";
import type { Definitions, PropertyShape, Shape } from "../shape/shape.ts";
import { optionsOf, toUnion } from "../shape/unions.ts";
import type { FoundEndpoint } from "./find-endpoints.ts";
import type { LoadedEndpoint } from "./module-messages.ts";
import { loadModelFiles } from "./module-process.ts";
import { nameEndpoint } from "./name-endpoint.ts";
import { toParameterShapes } from "./parameter-shapes.ts";

/** What to describe, and with what. */
export interface DescribeOptions {
  root: string;
  files: readonly string[];
  compiler: CompilerPackage;
  /** All endpoints of the files by their syntax. */
  found: readonly FoundEndpoint[];
  manifest: Manifest;
  signal?: AbortSignal;
}

/** An endpoint for clients, with where it comes from. */
export interface DescribedEndpoint extends ClientEndpoint {
  /** `ClassName.methodName`. */
  name: string;
  /** The file that exports its model. */
  file: string;
}

/** The endpoints of a project as its clients see them. */
export interface DescribedEndpoints {
  endpoints: DescribedEndpoint[];
  definitions: Definitions;
  /** Files that the description may depend on. */
  dependencies: string[];
}

/**
 * Describes the endpoints of files for their clients. The files run, in a process of their own.
 *
 * @throws GenerateError when a file cannot be loaded, or does not export a class that has endpoints.
 * @throws ParameterDescriptionError when the parameters of an endpoint cannot be told.
 */
export async function describeEndpoints(options: DescribeOptions): Promise<DescribedEndpoints> {
  const described: DescribedEndpoints = { endpoints: [], definitions: {}, dependencies: [] };
  const groups = groupByTsconfig(options.compiler.ts, options.files);
  for (const [index, [tsconfig, files]] of groups.entries()) {
    const group = await describeGroup({ ...options, files }, tsconfig, `${index}:`);
    described.endpoints.push(...group.endpoints);
    described.definitions = { ...described.definitions, ...group.definitions };
    described.dependencies.push(...group.dependencies);
  }
  assertExported(options, described.endpoints);
  return described;
}

async function describeGroup(
  options: DescribeOptions,
  tsconfig: string | undefined,
  prefix: string,
): Promise<DescribedEndpoints> {
  const { root, files, compiler, signal } = options;
  const loading = loadModelFiles(files, { root, tsconfig, signal, prefix });
  // It is awaited only after the checker's work, which goes on meanwhile.
  loading.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  const lean = new EndpointTypes(compiler, files, { prefix, lean: true });
  const loaded = await loading;
  const concrete = loaded.endpoints.filter((endpoint) => !lean.isAbstract(endpoint));
  const params = await describeParams(concrete, options.manifest);
  const describe = (types: EndpointTypes): DescribedEndpoints => ({
    endpoints: concrete.map((endpoint) => describeEndpoint(endpoint, types, params.get(endpoint) ?? [])),
    definitions: fillDefinitions({ ...loaded.definitions, ...types.definitions }),
    dependencies: [...types.dependencies],
  });
  const described = describe(lean);
  return lean.isUnresolved
    ? describe(new EndpointTypes(compiler, files, { prefix, lean: false }))
    : described;
}

function describeEndpoint(
  endpoint: LoadedEndpoint,
  types: EndpointTypes,
  params: PropertyShape[],
): DescribedEndpoint {
  const { className, methodName, httpMethod, description, file } = endpoint;
  const { model, method, typeName } = nameEndpoint(endpoint);
  const fill = (
    properties: PropertyShape[],
    key: "events" | "params",
    side: "input" | "output",
  ): PropertyShape[] => {
    const shape: Shape = { kind: "object", properties };
    if (!isOpen(shape)) return properties;
    const typed = types.readOption(endpoint, methodName, { key, side, name: typeName });
    const filled = fillOpaque(shape, typed, types.definitions);
    return filled.kind === "object" ? filled.properties : properties;
  };
  const path = toClientPath(endpoint.path);
  const withPath = addPathParameters(path, params);
  return {
    name: `${className}.${methodName}`,
    file,
    model,
    method,
    httpMethod,
    path,
    ...(description === undefined ? {} : { description }),
    params: fill(withPath, "params", "input"),
    ...(endpoint.events
      ? { events: fill(endpoint.events, "events", "output") }
      : {
          result: toAnswer(
            types.readResult(endpoint, methodName, `${typeName}Result`) ?? { kind: "unknown" },
            endpoint.contentType,
          ),
        }),
  };
}

/** From `params` where it is given, else from the manifest, else from the place where the method stands. */
async function describeParams(
  endpoints: readonly LoadedEndpoint[],
  manifest: Manifest,
): Promise<Map<LoadedEndpoint, PropertyShape[]>> {
  const params = new Map<LoadedEndpoint, PropertyShape[]>();
  const open: LoadedEndpoint[] = [];
  for (const endpoint of endpoints) {
    const description = findInManifest(manifest, endpoint);
    if (endpoint.params) params.set(endpoint, endpoint.params);
    else if (description) params.set(endpoint, toParameterShapes(description));
    else open.push(endpoint);
  }
  const requests = open.map((endpoint) => ({
    ...endpoint,
    ...endpoint.site,
    file: endpoint.site?.file ?? "",
    endpoint,
  }));
  const described = await describeMethods(requests);
  for (const request of requests) {
    const description = described.get(request);
    if (!description) {
      throw new GenerateError(
        `${request.className}.${request.methodName}: its parameters cannot be told from the source. ` +
          "Give the method a `params` option.",
      );
    }
    params.set(request.endpoint, toParameterShapes(description));
  }
  return params;
}

/** What a result becomes on its way to the client, which depends on the media type that it is sent with. */
function toAnswer(result: Shape, contentType: string | undefined): Shape {
  if (contentType === undefined || /json/i.test(contentType)) {
    // Text and bytes under a JSON type are parsed, and nobody knows what they hold.
    const isRaw = ({ kind }: Shape): boolean =>
      contentType !== undefined && (kind === "blob" || kind === "string");
    return toUnion(optionsOf(result).map((option) => (isRaw(option) ? { kind: "unknown" } : option)));
  }
  const answer: Shape = { kind: /^text\//i.test(contentType) ? "string" : "blob" };
  return toUnion(optionsOf(result).map((option) => (option.kind === "undefined" ? option : answer)));
}

/** Leaves the names of a path's parameters, without the patterns that only the server needs. */
function toClientPath(path: string): string {
  return path.replace(/(:\w+)\((?:[^()]|\([^()]*\))*\)/g, "$1");
}

/** What stands in the path has to come from the caller, whether or not the method declares it. */
function addPathParameters(path: string, params: PropertyShape[]): PropertyShape[] {
  const names = [...path.matchAll(/(?<!:):(\w+)(\?)?/g)].filter(
    ([, name]) => !params.some((each) => each.name === name),
  );
  return [
    ...params,
    ...names.map(([, name = "", optional]): PropertyShape => ({
      name,
      shape: { kind: "string" },
      ...(optional ? { optional: true } : {}),
    })),
  ];
}

/** What is open in a definition has no place where the checker could be asked for it. */
function fillDefinitions(definitions: Definitions): Definitions {
  return Object.fromEntries(
    Object.entries(definitions).map(([id, each]) => [
      id,
      { ...each, shape: fillOpaque(each.shape, undefined, definitions) },
    ]),
  );
}

function assertExported({ found, root }: DescribeOptions, described: readonly DescribedEndpoint[]): void {
  const names = new Set(described.map(({ name }) => name));
  for (const { className, methodName, classFile } of found) {
    if (names.has(`${className}.${methodName}`)) continue;
    throw new GenerateError(
      `${className}.${methodName} in ${relative(root, classFile)}: the class is not exported, so that its schemas ` +
        "cannot be read. Export it, or an instance of it.",
    );
  }
}

function groupByTsconfig(compiler: typeof ts, files: readonly string[]): [string | undefined, string[]][] {
  const groups = new Map<string | undefined, string[]>();
  for (const file of files) {
    const tsconfig = compiler.findConfigFile(dirname(file), compiler.sys.fileExists);
    groups.set(tsconfig, [...(groups.get(tsconfig) ?? []), file]);
  }
  return [...groups];
}
