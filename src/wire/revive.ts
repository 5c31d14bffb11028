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

/** Any plan that is an object, with what the others may have. */
interface LoosePlan {
  items?: RevivePlan;
  tuple?: readonly (RevivePlan | null)[];
  properties?: { readonly [name: string]: RevivePlan | null };
  rest?: RevivePlan;
}

/** Revives a value that came from `JSON.parse`, in place, and returns it. Never throws. */
export function revive(value: unknown, plan: RevivePlan | null | undefined, refs?: ReviveRefs): unknown {
  if (plan == null || value == null) return value;
  if (typeof plan === "string") return reviveText(value, plan);
  const inside = (part: unknown, partPlan: RevivePlan | null | undefined): unknown =>
    revive(part, partPlan, refs);
  if ("ref" in plan) return inside(value, own(refs, plan.ref));
  // Each plan leaves a value of another kind alone, so that one after another amounts to a choice.
  if ("anyOf" in plan) return plan.anyOf.reduce(inside, value);
  if (typeof value !== "object") return value;
  const parts = value as { [key: string]: unknown };
  if ("discriminator" in plan) {
    return inside(value, own(plan.options, String(own(parts, plan.discriminator))));
  }
  // What an object is by name, an array is by index.
  const { items, tuple = items && [], properties, rest = items }: LoosePlan = plan;
  const named = (Array.isArray(value) ? tuple : properties) as LoosePlan["properties"];
  if (!named) return value;
  for (const key of Object.keys(parts)) {
    // Assigning to __proto__ would not set a property.
    if (key !== "__proto__") parts[key] = inside(parts[key], Object.hasOwn(named, key) ? named[key] : rest);
  }
  return value;
}

function reviveText(value: unknown, plan: "date" | "bigint"): unknown {
  if (typeof value !== "string") return value;
  if (plan === "bigint") return /^-?\d+$/.test(value) ? BigInt(value) : value;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : date;
}

/** Reads a property that is the object's own; `undefined` where it has none of that name, or there is no object. */
export function own<Value>(
  values: { readonly [name: string]: Value } | undefined,
  name: string,
): Value | undefined {
  return values && Object.hasOwn(values, name) ? values[name] : undefined;
}
