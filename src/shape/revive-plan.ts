// From shapes to the plans by which a client brings dates and bigints back (src/wire/revive.ts).
//
// On the wire a date, a bigint and a string are all strings, so that in a union of them nobody can tell which
// one came. Such a union is ambiguous: it has no plan, and its dates and bigints arrive as the strings that they
// were sent as, which is what `settle` writes into the types.

import type { RevivePlan } from "../wire/revive.ts";
import type { Definitions, ObjectShape, Shape } from "./shape.ts";
import { optionsOf, toUnion } from "./unions.ts";

/** A union of which the client cannot tell which option came. */
const AMBIGUOUS = Symbol("ambiguous");

type Outcome = RevivePlan | undefined | typeof AMBIGUOUS;

/** Makes plans, and the types that go with them, of shapes that share their definitions. */
export class RevivePlanner {
  readonly #definitions: Definitions;
  readonly #revivable = new Map<string, boolean>();

  constructor(definitions: Definitions) {
    this.#definitions = definitions;
  }

  /** Gives the shape as it arrives: in ambiguous unions dates and bigints are strings. */
  settle(shape: Shape): Shape {
    switch (shape.kind) {
      case "array":
        return { ...shape, of: this.settle(shape.of) };
      case "tuple":
        return {
          ...shape,
          items: shape.items.map((item) => ({ ...item, shape: this.settle(item.shape) })),
          ...(shape.rest ? { rest: this.settle(shape.rest) } : {}),
        };
      case "object":
        return {
          ...shape,
          properties: shape.properties.map((each) => ({ ...each, shape: this.settle(each.shape) })),
          ...(shape.rest ? { rest: this.settle(shape.rest) } : {}),
        };
      case "intersection":
        return { ...shape, of: shape.of.map((part) => this.settle(part)) };
      case "union": {
        const settled = toUnion(shape.of.map((option) => this.settle(option)));
        if (this.#plan(settled) !== AMBIGUOUS) return settled;
        return toUnion(optionsOf(settled).map((option) => this.#toText(option, [])));
      }
      default:
        return shape;
    }
  }

  /** Gives the plan of a settled shape; `undefined` where there is nothing to revive. */
  plan(shape: Shape): RevivePlan | undefined {
    const plan = this.#plan(shape);
    return plan === AMBIGUOUS ? undefined : plan;
  }

  /** Lists the ids of the definitions that the plan of a shape refers to, itself or through others. */
  refsOf(shape: Shape): string[] {
    return [...this.#reachable(shape)].filter(
      (id) => this.#isRecursive(id) && this.#isRevivable({ kind: "ref", id }),
    );
  }

  #isRecursive(id: string): boolean {
    const shape = this.#definitions[id]?.shape;
    return shape !== undefined && this.#reachable(shape).has(id);
  }

  #reachable(shape: Shape, found = new Set<string>()): Set<string> {
    if (shape.kind !== "ref") {
      for (const part of partsOf(shape)) this.#reachable(part, found);
    } else if (!found.has(shape.id)) {
      found.add(shape.id);
      this.#reachable(this.#definitions[shape.id]?.shape ?? { kind: "unknown" }, found);
    }
    return found;
  }

  #plan(shape: Shape): Outcome {
    if (!this.#isRevivable(shape)) return undefined;
    switch (shape.kind) {
      case "date":
      case "bigint":
        return shape.kind;
      case "literal":
        return "bigint";
      case "array":
        return wrap(this.#plan(shape.of), (items) => ({ items }));
      case "tuple":
        return this.#planTuple(shape);
      case "object":
        return this.#planObject(shape);
      case "union":
        return this.#planUnion(shape.of);
      case "intersection":
        return combine(shape.of.map((part) => this.#plan(part)));
      case "ref":
        // What does not contain itself is as short in its place.
        return this.#isRecursive(shape.id) ? { ref: shape.id } : this.#plan(this.#resolve(shape));
      default:
        return undefined;
    }
  }

  #planTuple({ items, rest }: Extract<Shape, { kind: "tuple" }>): Outcome {
    const plans = items.map((item) => this.#plan(item.shape));
    const restPlan = rest && this.#plan(rest);
    if (plans.includes(AMBIGUOUS) || restPlan === AMBIGUOUS) return AMBIGUOUS;
    const tuple = plans.map((plan) => (plan as RevivePlan | undefined) ?? null);
    if (restPlan) return { tuple, rest: restPlan };
    return { tuple: tuple.slice(0, tuple.findLastIndex((plan) => plan !== null) + 1) };
  }

  #planObject({ properties, rest }: ObjectShape): Outcome {
    const restPlan = rest && this.#plan(rest);
    if (restPlan === AMBIGUOUS) return AMBIGUOUS;
    const plans: Record<string, RevivePlan | null> = {};
    for (const { name, shape } of properties) {
      const plan = this.#plan(shape);
      if (plan === AMBIGUOUS) return AMBIGUOUS;
      // Without a mention it would be taken for one of the rest.
      if (plan !== undefined || restPlan) define(plans, name, plan ?? null);
    }
    return { properties: plans, ...(restPlan ? { rest: restPlan } : {}) };
  }

  #planUnion(options: readonly Shape[]): Outcome {
    const groups = { text: [] as Shape[], array: [] as Shape[], object: [] as Shape[] };
    for (const option of options.flatMap((each) => this.#optionsOf(each))) {
      // It may be a string like that of a date.
      if (this.#resolve(option).kind === "unknown") return AMBIGUOUS;
      const group = this.#groupOf(option);
      if (group) groups[group].push(option);
    }
    return combine([
      this.#planTexts(groups.text),
      this.#planArrays(groups.array),
      this.#planObjects(groups.object),
    ]);
  }

  #planTexts(options: readonly Shape[]): Outcome {
    const [first, ...others] = options.map((option) => this.#plan(this.#resolve(option)));
    return others.every((plan) => plan === first) ? first : AMBIGUOUS;
  }

  #planArrays(options: readonly Shape[]): Outcome {
    const [first, ...others] = options;
    if (!first || !options.some((option) => this.#isRevivable(option))) return undefined;
    if (others.length === 0) return this.#plan(first);
    const items = options.map((option) => {
      const array = this.#resolve(option);
      return array.kind === "array" ? array.of : undefined;
    });
    if (!items.every((item) => item !== undefined)) return AMBIGUOUS;
    return wrap(this.#plan({ kind: "union", of: items }), (plan) => ({ items: plan }));
  }

  #planObjects(options: readonly Shape[]): Outcome {
    const [first, ...others] = options;
    if (!first || !options.some((option) => this.#isRevivable(option))) return undefined;
    if (others.length === 0) return this.#plan(first);
    const objects = options.map((option) => this.#resolve(option));
    if (!objects.every((object) => object.kind === "object")) return AMBIGUOUS;
    return this.#planDiscriminated(options, objects) ?? this.#planMerged(objects);
  }

  /** A property that has a choice of values of its own in each option tells which one came. */
  #planDiscriminated(options: readonly Shape[], objects: readonly ObjectShape[]): Outcome {
    const discriminator = (objects[0]?.properties ?? []).find(({ name }) => {
      const tags = objects.map((object) => this.#tagsOf(object, name));
      const all = tags.flatMap((each) => each ?? []);
      return tags.every((each) => each !== undefined) && new Set(all).size === all.length;
    })?.name;
    if (discriminator === undefined) return undefined;
    const plans: Record<string, RevivePlan> = {};
    for (const [index, option] of options.entries()) {
      const plan = this.#plan(option);
      if (plan === AMBIGUOUS) return AMBIGUOUS;
      if (plan === undefined) continue;
      for (const tag of this.#tagsOf(objects[index] as ObjectShape, discriminator) ?? [])
        define(plans, tag, plan);
    }
    return { discriminator, options: plans };
  }

  #tagsOf(object: ObjectShape, name: string): string[] | undefined {
    const property = object.properties.find((each) => each.name === name);
    if (!property || property.optional) return undefined;
    const tags = optionsOf(property.shape).map((option) => {
      if (option.kind === "null") return "null";
      return option.kind === "literal" ? String(option.value) : undefined;
    });
    return tags.every((tag) => tag !== undefined) ? tags : undefined;
  }

  /** One plan for all, where they agree on each property that more than one of them has. */
  #planMerged(objects: readonly ObjectShape[]): Outcome {
    // What one option calls by name may be another one's rest.
    if (objects.some(({ rest }) => rest && rest.kind !== "never")) return AMBIGUOUS;
    const names = new Set(objects.flatMap(({ properties }) => properties.map(({ name }) => name)));
    const properties = [...names].map((name) => ({
      name,
      shape: {
        kind: "union" as const,
        of: objects.flatMap((each) =>
          each.properties.filter((own) => own.name === name).map(({ shape }) => shape),
        ),
      },
    }));
    return this.#planObject({ kind: "object", properties });
  }

  /** Gives the options of a union, those of definitions that are unions among them. */
  #optionsOf(shape: Shape, seen: readonly Shape[] = []): Shape[] {
    const resolved = this.#resolve(shape);
    if (resolved.kind !== "union") return [shape];
    return seen.includes(resolved)
      ? []
      : resolved.of.flatMap((option) => this.#optionsOf(option, [...seen, resolved]));
  }

  #groupOf(shape: Shape): "text" | "array" | "object" | undefined {
    const resolved = this.#resolve(shape);
    switch (resolved.kind) {
      case "string":
      case "template":
      case "date":
      case "bigint":
        return "text";
      case "literal":
        return typeof resolved.value === "string" || typeof resolved.value === "bigint" ? "text" : undefined;
      case "array":
      case "tuple":
        return "array";
      case "object":
      case "intersection":
        return "object";
      default:
        return undefined;
    }
  }

  #resolve(shape: Shape): Shape {
    const seen = new Set<string>();
    let resolved = shape;
    while (resolved.kind === "ref" && !seen.has(resolved.id)) {
      seen.add(resolved.id);
      resolved = this.#definitions[resolved.id]?.shape ?? { kind: "unknown" };
    }
    return resolved;
  }

  #isRevivable(shape: Shape): boolean {
    if (shape.kind !== "ref") return this.#reaches(shape, new Set());
    let known = this.#revivable.get(shape.id);
    if (known === undefined) this.#revivable.set(shape.id, (known = this.#reaches(shape, new Set())));
    return known;
  }

  #reaches(shape: Shape, seen: Set<string>): boolean {
    if (shape.kind === "date" || shape.kind === "bigint") return true;
    if (shape.kind === "literal") return typeof shape.value === "bigint";
    if (shape.kind !== "ref") return partsOf(shape).some((part) => this.#reaches(part, seen));
    const definition = this.#definitions[shape.id];
    if (!definition || seen.has(shape.id)) return false;
    seen.add(shape.id);
    return this.#reaches(definition.shape, seen);
  }

  /** Writes strings for dates and bigints, in a definition's content as well: `open` are those around it. */
  #toText(shape: Shape, open: readonly string[]): Shape {
    if (!this.#isRevivable(shape)) return shape;
    const inside = (part: Shape): Shape => this.#toText(part, open);
    switch (shape.kind) {
      case "literal":
        return { kind: "literal", value: String(shape.value) };
      case "array":
        return { ...shape, of: inside(shape.of) };
      case "tuple":
        return {
          ...shape,
          items: shape.items.map((item) => ({ ...item, shape: inside(item.shape) })),
          ...(shape.rest ? { rest: inside(shape.rest) } : {}),
        };
      case "object":
        return {
          ...shape,
          properties: shape.properties.map((each) => ({ ...each, shape: inside(each.shape) })),
          ...(shape.rest ? { rest: inside(shape.rest) } : {}),
        };
      case "union":
        return toUnion(shape.of.map(inside));
      case "intersection":
        return { ...shape, of: shape.of.map(inside) };
      case "ref":
        // Its definition is others' too; and one that contains itself cannot be written out.
        if (open.includes(shape.id)) return { kind: "unknown" };
        return this.#toText(this.#resolve(shape), [...open, shape.id]);
      default:
        return { kind: "string" };
    }
  }
}

/** Lists the parts of a shape; those of a definition are not its. */
export function partsOf(shape: Shape): Shape[] {
  switch (shape.kind) {
    case "array":
      return [shape.of];
    case "tuple":
      return [...shape.items.map((item) => item.shape), ...(shape.rest ? [shape.rest] : [])];
    case "object":
      return [...shape.properties.map((each) => each.shape), ...(shape.rest ? [shape.rest] : [])];
    case "union":
    case "intersection":
      return shape.of;
    default:
      return [];
  }
}

function wrap(plan: Outcome, make: (plan: RevivePlan) => RevivePlan): Outcome {
  return plan === undefined || plan === AMBIGUOUS ? plan : make(plan);
}

function combine(plans: readonly Outcome[]): Outcome {
  if (plans.includes(AMBIGUOUS)) return AMBIGUOUS;
  const given = plans.filter((plan) => plan !== undefined) as RevivePlan[];
  return given.length > 1 ? { anyOf: given } : given[0];
}

/** Sets a property of any name, `__proto__` too. */
function define<Value>(object: Record<string, Value>, name: string, value: Value): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
