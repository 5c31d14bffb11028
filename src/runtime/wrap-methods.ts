// A loop in a handler calls its model's own methods anyway, so each of those calls is an unwind point. The
// methods are shadowed on the instance; the class stays as it is, and `#private` members keep working,
// because `this` is the instance itself and no proxy.

import { BaseModel } from "../model/base-model.ts";
import { inTransaction } from "../scope/transaction-scope.ts";
import { unwindPoint } from "../scope/unwind.ts";

type Callable = (this: unknown, ...args: unknown[]) => unknown;

const wrapped = new WeakSet<object>();

/** Makes each method that a model's own classes define an unwind point. May be called again. */
export function wrapMethods(model: object): void {
  if (wrapped.has(model) || !Object.isExtensible(model)) return;
  wrapped.add(model);
  const names = new Set<string>();
  for (let owner = model; isOwnClass(owner); owner = Object.getPrototypeOf(owner) as object) {
    for (const [name, { value, configurable }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (name === "constructor" || names.has(name) || typeof value !== "function") continue;
      names.add(name);
      if (owner === model && !configurable) continue;
      const prototype = owner;
      const find = owner === model ? () => value as Callable : () => Reflect.get(prototype, name) as Callable;
      Object.defineProperty(model, name, {
        value: wrap(find, value.constructor.name === "AsyncFunction"),
        configurable: true,
        writable: true,
        enumerable: owner === model,
      });
    }
  }
}

function isOwnClass(owner: object | null): owner is object {
  return owner !== null && owner !== Object.prototype && owner !== BaseModel.prototype;
}

/** The method is looked up at each call, so that one replaced on the class later is still the one called. */
function wrap(find: () => Callable, isAsync: boolean): Callable {
  return function unwinding(this: unknown, ...args: unknown[]): unknown {
    try {
      if (!inTransaction()) unwindPoint();
    } catch (error) {
      if (isAsync) return Promise.reject(error);
      throw error;
    }
    return find().apply(this, args);
  };
}
