// Brings dates and bigints back into parsed JSON, by a plan made from the schema: a text that merely looks
// like a date stays a text. The value is changed in place; it came from JSON.parse and belongs to nobody else.

/**
 * Where dates and bigints stand in a JSON value. Serialisable itself; made from the schema by the generator.
 * Parts without dates or bigints are left out, and a value that is not of the kind that a plan is for passes
 * as it is; so `null`, `undefined` and what else a union allows need no mention.
 */
export type RevivePlan =
  /** A string that is a date in ISO 8601. */
  | "date"
  /** A string that is a whole number in decimal digits. */
  | "bigint"
  /** Every item of an array. */
  | { readonly items: RevivePlan }
  /** An array's items by position (`null`: nothing to do); `rest` for those further on. */
  | { readonly tuple: readonly (RevivePlan | null)[]; readonly rest?: RevivePlan }
  /** An object's properties by name; `rest` for all others, so `{ properties: {}, rest }` is a record. */
  | { readonly properties: { readonly [name: string]: RevivePlan | null }; readonly rest?: RevivePlan }
  /** An object whose property `discriminator`, as text, says which of `options` is meant; none: nothing to do. */
  | { readonly discriminator: string; readonly options: { readonly [value: string]: RevivePlan } }
  /**
   * Several plans for values of different JSON kinds (string, array, object), of which the one that is for the
   * value's kind counts. Where two would be for the same kind the union is ambiguous, and has no plan.
   */
  | { readonly anyOf: readonly RevivePlan[] }
  /** The plan of that name in the endpoint's `refs`, for schemas that contain themselves. */
  | { readonly ref: string };

/** Plans by name, for `{ ref }`. */
export type ReviveRefs = { readonly [name: string]: RevivePlan };

type JSONObject = { [name: string]: unknown };

/** Revives a value that came from `JSON.parse`, in place, and returns it. Never throws. */
export function revive(value: unknown, plan: RevivePlan | null | undefined, refs: ReviveRefs = {}): unknown {
  if (plan == null || value == null) return value;
  if (typeof plan === "string") return reviveText(value, plan);
  const inside = (part: unknown, partPlan: RevivePlan | null | undefined): unknown =>
    revive(part, partPlan, refs);
  if ("ref" in plan) return inside(value, own(refs, plan.ref));
  // Each plan leaves a value of another kind alone, so that one after another amounts to a choice.
  if ("anyOf" in plan) return plan.anyOf.reduce(inside, value);
  if (typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const items = value as unknown[];
    if ("items" in plan) items.forEach((item, index) => (items[index] = inside(item, plan.items)));
    else if ("tuple" in plan) {
      items.forEach((item, index) => {
        items[index] = inside(item, index < plan.tuple.length ? plan.tuple[index] : plan.rest);
      });
    }
    return items;
  }
  const object = value as JSONObject;
  if ("discriminator" in plan) {
    return inside(object, own(plan.options, String(own(object, plan.discriminator))));
  }
  if ("properties" in plan) {
    for (const name of Object.keys(object)) {
      // Assigning to __proto__ would not set a property.
      if (name === "__proto__") continue;
      const isNamed = Object.hasOwn(plan.properties, name);
      object[name] = inside(object[name], isNamed ? plan.properties[name] : plan.rest);
    }
  }
  return object;
}

function reviveText(value: unknown, plan: "date" | "bigint"): unknown {
  if (typeof value !== "string") return value;
  if (plan === "bigint") return /^-?\d+$/.test(value) ? BigInt(value) : value;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : date;
}

function own<Value>(values: { readonly [name: string]: Value }, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
