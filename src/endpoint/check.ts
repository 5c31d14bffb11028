import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { suggest } from "../errors/suggest.ts";
import { findAsyncPart } from "../schema/async-schema.ts";
import { checkEvents, isObjectSchema } from "../schema/check-events.ts";
import type { Declaration, Method } from "./declarations.ts";
import { HTTP_METHODS, type StreamOptions } from "./options.ts";

/** Checks all that can be said of one method's declaration by itself. @throws EndpointDefinitionError */
export function checkDeclaration(endpoint: string, { stream, api, method }: Declaration): void {
  const refuse = (problem: string): never => {
    throw new EndpointDefinitionError(endpoint, problem);
  };
  if (stream) {
    checkStream(stream, refuse);
    if (!isAsyncGenerator(method)) {
      refuse("a @stream method has to be an async generator. Write `async *` before its name.");
    }
    if (api?.compress !== undefined && api.compress !== false) {
      refuse(
        `compress: ${JSON.stringify(api.compress)} does not go with @stream, because compression would hold events back. ` +
          "Set it to false or leave it out.",
      );
    }
  } else if (isAsyncGenerator(method)) {
    refuse("is an async generator with @api alone. Add @stream, or make it an ordinary async method.");
  }
  for (const options of [stream, api]) {
    if (options?.httpMethod !== undefined && !HTTP_METHODS.includes(options.httpMethod)) {
      refuse(`httpMethod is ${JSON.stringify(options.httpMethod)}. Use one of ${HTTP_METHODS.join(", ")}.`);
    }
    if (options?.path !== undefined && !/^\/[^?#]*$/.test(options.path)) {
      refuse(`path is ${JSON.stringify(options.path)}. It has to begin with "/" and hold no query.`);
    }
    if (options?.params !== undefined) {
      if (!isObjectSchema(options.params)) refuse("params has to be a z.object of zod 4.");
      const part = findAsyncPart(options.params);
      if (part)
        refuse(`params has an asynchronous schema at ${part}. Use guards for checks that have to wait.`);
    }
  }
}

/**
 * Checks what is called in place of the declared method: a subclass may have overridden it. A plain function may
 * be another decorator's wrapper.
 *
 * @throws EndpointDefinitionError
 */
export function checkOverride(endpoint: string, { stream }: Declaration, called: unknown): void {
  const kind = typeof called === "function" ? called.constructor.name : typeof called;
  const fits = stream ? ["AsyncGeneratorFunction", "Function"] : ["AsyncFunction", "Function"];
  if (fits.includes(kind)) return;
  throw new EndpointDefinitionError(
    endpoint,
    `is overridden by ${typeof called === "function" ? "a method of another kind" : `a ${kind}`}. ` +
      `Make it ${stream ? "an async generator (`async *`)" : "an async method"}, like the one it overrides.`,
  );
}

function checkStream(options: StreamOptions, refuse: (problem: string) => never): void {
  if (options === undefined || options.type !== "sse") {
    refuse(`type is ${JSON.stringify(options?.type)}. The only kind of stream is "sse".`);
  }
  const { events, keepAlive, retry, overflow, durable } = options;
  if (!events) refuse("has no events. Give @stream a z.object whose keys are event names.");
  checkEvents(events, refuse);
  if (keepAlive !== undefined && keepAlive !== false && !(keepAlive > 0 && Number.isFinite(keepAlive))) {
    refuse(`keepAlive is ${keepAlive}. Give the longest silence in ms, or false.`);
  }
  if (durable !== undefined && typeof durable !== "boolean") {
    refuse(`durable is ${JSON.stringify(durable)}. Use true, or leave it out.`);
  }
  const marked = durable ? Object.keys(events.shape).find((name) => name.startsWith("~")) : undefined;
  if (marked !== undefined) {
    refuse(
      `event ${JSON.stringify(marked)} of a durable endpoint begins with "~", as its log's own entries do.`,
    );
  }
  if (retry !== undefined && !(Number.isSafeInteger(retry) && retry >= 0)) {
    refuse(`retry is ${retry}. Give the reconnection time as a whole number of ms.`);
  }
  if (overflow !== undefined && overflow !== "close" && overflow !== "drop") {
    refuse(`overflow is ${JSON.stringify(overflow)}. Use "close" or "drop".`);
  }
}

/** Checks that each guard of an endpoint is one the server has. @throws EndpointDefinitionError */
export function checkGuards(endpoint: string, guards: readonly string[], known: readonly string[]): void {
  for (const guard of guards) {
    if (known.includes(guard)) continue;
    throw new EndpointDefinitionError(
      endpoint,
      `guard ${JSON.stringify(guard)} is unknown. The server has ${known.join(", ")}.${suggest(guard, known)} ` +
        "Give it to createServer in guards.",
    );
  }
}

/** Checks that no two endpoints answer to the same method and path. @throws EndpointDefinitionError */
export function checkRoutes(endpoints: readonly { name: string; httpMethod: string; path: string }[]): void {
  const taken = new Map<string, string>();
  for (const { name, httpMethod, path } of endpoints) {
    const route = `${httpMethod} ${path}`;
    const other = taken.get(route);
    if (other !== undefined) {
      throw new EndpointDefinitionError(
        name,
        `has the route ${route}, and so has ${other}. Rename one of them or give it a path of its own.`,
      );
    }
    taken.set(route, name);
  }
}

/**
 * Tells an async generator function, also one that a compiler turned into a plain function for ES2017 or older:
 * its helper's name stands in the text (TypeScript, esbuild, Babel and swc).
 */
function isAsyncGenerator(method: Method): boolean {
  const kind = method.constructor.name;
  if (kind === "AsyncGeneratorFunction") return true;
  return kind === "Function" && isDownleveled(method);
}

/** Tells whether an async generator was compiled to ES2017 or older. */
export function isDownleveled(method: Method): boolean {
  return method.constructor.name === "Function" && /async_?generator/i.test(String(method));
}
