import type { z } from "zod";

import { EventValidationError } from "../errors/stream-errors.ts";
import { suggest } from "../errors/suggest.ts";
import type { ConnectionSettings } from "./settings.ts";

/** Checks what `createSSE` is given. @throws EventValidationError if it names an event that `@stream` does not. */
export function assertDeclared(events: z.ZodObject, { endpoint, codec }: ConnectionSettings): void {
  const { names } = codec;
  for (const name of Object.keys(events.shape)) {
    if (names.includes(name)) continue;
    throw new EventValidationError(
      name,
      [{ path: [], message: `is not in the events of @stream (${names.join(", ")})` }],
      {
        endpoint,
        hint: `createSSE takes no events that @stream does not declare.${suggest(name, names)}`,
      },
    );
  }
}
