import type { z } from "zod";

import { findFieldProblem, RESERVED_EVENTS } from "../wire/event-stream.ts";
import { findAsyncPart } from "./async-schema.ts";

/** Checks a schema of events; `refuse` is called with the first thing that is wrong in it, and what to do. */
export function checkEvents(events: z.ZodObject, refuse: (problem: string) => never): void {
  if (!isObjectSchema(events)) refuse("events has to be a z.object of zod 4 whose keys are event names.");
  for (const [name, schema] of Object.entries(events.shape)) {
    const quoted = JSON.stringify(name);
    if (RESERVED_EVENTS.includes(name)) {
      refuse(
        `event ${quoted} is the framework's own. Give yours another name (reserved: ${RESERVED_EVENTS.join(", ")}).`,
      );
    }
    if (name === "") refuse("an event has an empty name. Name it; clients listen by name.");
    const problem = findFieldProblem(name);
    if (problem) refuse(`event name ${quoted} ${problem}, which cannot stand in an event stream. Rename it.`);
    const part = findAsyncPart(schema);
    if (part) {
      refuse(
        `event ${quoted} has an asynchronous schema at ${part}. Events are validated as they are published; ` +
          "await the work in the handler and publish its result.",
      );
    }
  }
}

/** Tells whether a value is a `z.object` of zod 4, of whichever copy of it. */
export function isObjectSchema(value: unknown): value is z.ZodObject {
  const definition = (value as { _zod?: { def?: { type?: unknown } } } | undefined)?._zod?.def;
  return definition?.type === "object";
}
