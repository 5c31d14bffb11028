import type { z } from "zod";

import { declare, type DecoratorArguments, type Method } from "./declarations.ts";
import type { APIOptions, StreamOptions } from "./options.ts";

/** A method that `@stream` may stand on: `async *`. */
export type StreamMethod = (...args: never[]) => AsyncGenerator<unknown, unknown, never>;

/** A method that `@api` may stand on. */
export type APIMethod = (...args: never[]) => Promise<unknown> | AsyncGenerator<unknown, unknown, never>;

/** A decorator for methods of type `M`, as the TC39 standard has it and as `experimentalDecorators` has it. */
export interface MethodDecoratorFor<M extends Method> {
  (value: M, context: ClassMethodDecoratorContext): void;
  <T extends M>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T>): void;
}

/**
 * Makes an `async *` method a Server-Sent-Events endpoint.
 *
 * The declaration is checked as a whole when the server starts; what cannot work throws
 * `EndpointDefinitionError` there, or here where the decorated thing is no method at all.
 *
 * @see HTML Living Standard 9.2
 */
export function stream<E extends z.ZodObject>(options: StreamOptions<E>): MethodDecoratorFor<StreamMethod> {
  return function decorate(...args: unknown[]): void {
    declare({ stream: options }, args as DecoratorArguments, decorate);
  };
}

/**
 * Makes an ordinary `async` method a JSON endpoint. On a method that has `@stream` as well it only adds
 * options to the stream.
 *
 * The declaration is checked as a whole when the server starts; what cannot work throws
 * `EndpointDefinitionError` there, or here where the decorated thing is no method at all.
 */
export function api(options: APIOptions = {}): MethodDecoratorFor<APIMethod> {
  return function decorate(...args: unknown[]): void {
    declare({ api: options }, args as DecoratorArguments, decorate);
  };
}
