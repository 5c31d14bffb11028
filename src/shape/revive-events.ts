import { isDeepStrictEqual } from "node:util";
import type { z } from "zod";

import { revive, type ReviveRefs, type RevivePlan } from "../wire/revive.ts";
import { SchemaReader } from "./from-schema.ts";
import { RevivePlanner } from "./revive-plan.ts";
import type { Definitions } from "./shape.ts";

/** Gives the data of an event, parsed from JSON, the dates and bigints that its schema had given it. */
export type EventReviver = (event: string, data: unknown) => unknown;

/**
 * Makes a reviver for events; the schemas are looked at when it is first used. Where a schema allows both a text
 * and a date or bigint, what comes stays a text.
 */
export function createEventReviver(events: z.ZodObject): EventReviver {
  let made: { plans: Map<string, RevivePlan>; refs: ReviveRefs } | undefined;
  return (event, data) => {
    made ??= planEvents(events);
    return revive(data, made.plans.get(event), made.refs);
  };
}

function planEvents(events: z.ZodObject): { plans: Map<string, RevivePlan>; refs: ReviveRefs } {
  const reader = new SchemaReader("output");
  const fields = reader.readFields(events, "");
  const definitions = settleAll(reader.definitions);
  const planner = new RevivePlanner(definitions);
  const plans = new Map<string, RevivePlan>();
  for (const { name, shape } of fields) {
    const plan = planner.plan(planner.settle(shape));
    if (plan !== undefined) plans.set(name, plan);
  }
  const refs: Record<string, RevivePlan> = {};
  for (const [id, { shape }] of Object.entries(definitions)) {
    const plan = planner.plan(shape);
    if (plan !== undefined) refs[id] = plan;
  }
  return { plans, refs };
}

/** Settles definitions: else one in which nobody can tell would count for all that it is used in. */
function settleAll(definitions: Definitions): Definitions {
  let settled = definitions;
  // What a definition is settled to depends on those in it, which may lie in each other as often as there are any.
  for (const _ of Object.keys(definitions)) {
    const planner = new RevivePlanner(settled);
    const last = settled;
    settled = Object.fromEntries(
      Object.entries(definitions).map(([id, each]) => [id, { ...each, shape: planner.settle(each.shape) }]),
    );
    if (isDeepStrictEqual(settled, last)) break;
  }
  return settled;
}
