// Where the decorators leave what they were told. Standard decorators know no class, only the metadata object
// that the class will carry (TC39 decorator metadata); legacy ones know the prototype. Both are turned into
// one list for each class when the server starts. Each option goes into a slot of its own, so that the order
// of `@stream` and `@api` makes no difference.

import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import { captureDeclarationSite, type DeclarationSite } from "../scope/declaration-site.ts";
import type { APIOptions, StreamOptions } from "./options.ts";

/** A method as the decorators saw it. */
export type Method = (...args: never[]) => unknown;

/** All that was declared for one method. */
export interface Declaration {
  methodName: string;
  /** The function that was decorated, before any other decorator wrapped it. */
  method: Method;
  site: DeclarationSite | undefined;
  stream?: StreamOptions;
  api?: APIOptions;
}

type Declared = Map<string, Declaration>;

interface Declarations {
  byMetadata: WeakMap<object, Declared>;
  byPrototype: WeakMap<object, Declared>;
}

// One place for all copies of the package in a process: the command line's may be another than the project's.
const SHARED = Symbol.for("pinestream.declarations");
const { byMetadata, byPrototype } = ((globalThis as { [SHARED]?: Declarations })[SHARED] ??= {
  byMetadata: new WeakMap(),
  byPrototype: new WeakMap(),
});

/** A decorator's arguments, of either kind. */
export type DecoratorArguments =
  | [value: Method, context: ClassMethodDecoratorContext]
  | [target: object, key: string | symbol, descriptor: PropertyDescriptor];

// Node has no Symbol.metadata yet; compilers use the symbol if it is there when a class is defined.
const METADATA: symbol = ((Symbol as { metadata?: symbol }).metadata ??= Symbol.for("Symbol.metadata"));

/** Stores one decorator's options for the method that it stands on. `above` is the decorator itself. */
export function declare(
  slot: { stream: StreamOptions } | { api: APIOptions },
  args: DecoratorArguments,
  above: Method,
): void {
  const { methodName, method, declared } = locate(args);
  let declaration = declared.get(methodName);
  if (!declaration) {
    declaration = { methodName, method, site: captureDeclarationSite(above) };
    declared.set(methodName, declaration);
  }
  const kind = "stream" in slot ? "stream" : "api";
  if (declaration[kind]) {
    throw new EndpointDefinitionError(
      `${classOf(args)}.${methodName}`,
      `has two @${kind} decorators. Merge their options into one.`,
    );
  }
  Object.assign(declaration, slot);
}

/** Collects the declarations that hold for a class, its own before those it inherits. */
export function declarationsOf(constructor: Method): Map<string, Declaration> {
  const found: Declared = new Map();
  let prototype: unknown = constructor.prototype;
  while (typeof prototype === "object" && prototype !== null) {
    const owner: unknown = Object.hasOwn(prototype, "constructor") ? prototype.constructor : undefined;
    const metadata =
      typeof owner === "function" && Object.hasOwn(owner, METADATA)
        ? (owner as unknown as Record<symbol, object>)[METADATA]
        : undefined;
    for (const declared of [metadata && byMetadata.get(metadata), byPrototype.get(prototype)]) {
      for (const [name, declaration] of declared ?? []) {
        if (!found.has(name)) found.set(name, declaration);
      }
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return found;
}

function locate(args: DecoratorArguments): { methodName: string; method: Method; declared: Declared } {
  if (args.length === 2 || typeof args[1] === "object") {
    const [value, context] = args as [Method, ClassMethodDecoratorContext];
    assertInstanceMethod(
      args,
      context.name,
      context.kind === "method" && !context.static && !context.private,
    );
    return { methodName: String(context.name), method: value, declared: entry(byMetadata, context.metadata) };
  }
  const [target, key, descriptor] = args;
  const method: unknown = descriptor?.value;
  assertInstanceMethod(args, key, typeof target === "object" && typeof method === "function");
  return { methodName: String(key), method: method as Method, declared: entry(byPrototype, target) };
}

function entry(map: WeakMap<object, Declared>, key: object): Declared {
  let declared = map.get(key);
  if (!declared) map.set(key, (declared = new Map()));
  return declared;
}

function assertInstanceMethod(
  args: DecoratorArguments,
  key: string | symbol,
  isInstanceMethod: boolean,
): void {
  if (isInstanceMethod && typeof key === "string") return;
  throw new EndpointDefinitionError(
    `${classOf(args)}.${String(key)}`,
    "is no endpoint: only a public instance method with a plain name can be one.",
  );
}

/** The class's name, as far as it is known while the class is being defined. */
function classOf(args: DecoratorArguments): string {
  const [target] = args;
  if (args.length === 2) return "(class being defined)";
  return typeof target === "function" ? target.name : target.constructor.name;
}
