// A loop in a handler calls its model's own methods anyway, so each of those calls is an unwind point. The
// methods are shadowed on the instance; the class stays as it is, and `#private` members keep working,
// because `this` is the instance itself and no proxy. Fields that hold a function are left alone: they may be a
// client with properties of its own, a class, or a listener that is compared by identity.

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
  let owner = Object.getPrototypeOf(model) as object | null;
  for (; isOwnClass(owner); owner = Object.getPrototypeOf(owner) as object | null) {
    const prototype = owner;
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
      if (name === "constructor" || names.has(name) || Object.hasOwn(model, name)) continue;
      names.add(name);
      if (typeof value !== "function") continue;
      const find = (): Callable => Reflect.get(prototype, name) as Callable;
      const method = wrap(find, value.constructor.name === "AsyncFunction");
      for (const key of ["name", "length"] as const) {
        Object.defineProperty(method, key, { value: value[key] as unknown, configurable: true });
      }
      Object.defineProperty(model, name, { value: method, configurable: true, writable: true });
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
