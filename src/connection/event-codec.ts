// Validates and encodes events. One codec serves all connections of an endpoint: the schemas are the
// decorator's own, so zod compiles each of them once for the process.

import type { z } from "zod";

import type { Issue } from "../errors/base.ts";
import { EventValidationError } from "../errors/stream-errors.ts";
import { suggest } from "../errors/suggest.ts";
import { stringifyData } from "../wire/data.ts";
import { findFieldProblem, formatEventStart, formatId } from "../wire/event-stream.ts";
import type { PublishOptions } from "./types.ts";

interface EventKind {
  schema: z.core.$ZodType;
  start: string;
}

/** Turns events of one endpoint into frames. */
export class EventCodec {
  readonly #endpoint: string;
  readonly #kinds = new Map<string, EventKind>();

  /** @param endpoint `ClassName.methodName`. */
  constructor(endpoint: string, events: z.ZodObject) {
    this.#endpoint = endpoint;
    for (const [name, schema] of Object.entries(events.shape)) {
      this.#kinds.set(name, { schema, start: formatEventStart(name) });
    }
  }

  /** Names of the declared events. */
  get names(): string[] {
    return [...this.#kinds.keys()];
  }

  /**
   * Encodes one event as a frame.
   *
   * @throws EventValidationError if name, data, id or reconnection time cannot be sent.
   */
  encode(event: string, data: unknown, options: PublishOptions | undefined): string {
    const kind = this.#kinds.get(event);
    if (!kind) throw this.#unknownEvent(event);
    const body = `${kind.start}${this.#stringify(event, this.#parse(event, kind.schema, data))}\n\n`;
    return options === undefined ? body : this.#formatOptions(event, options) + body;
  }

  /** Tells whether `data` is what the event takes; `false` for an unknown event. */
  accepts(event: string, data: unknown): boolean {
    try {
      return parse(this.#kinds.get(event)?.schema, data)?.success === true;
    } catch {
      return false;
    }
  }

  #parse(event: string, schema: z.core.$ZodType, data: unknown): unknown {
    let result;
    try {
      result = parse(schema, data);
    } catch (cause) {
      const isAsync = cause instanceof Error && cause.constructor.name === "$ZodAsyncError";
      throw this.#invalid(
        event,
        [{ path: [], message: isAsync ? "its schema is asynchronous" : "its schema threw an error" }],
        {
          cause,
          hint: isAsync ? "Events are validated as they are published; await the work before." : undefined,
        },
      );
    }
    if (result?.success) return result.data;
    throw this.#invalid(event, (result?.error?.issues ?? []).map(toIssue));
  }

  #stringify(event: string, data: unknown): string {
    try {
      return stringifyData(data);
    } catch (cause) {
      throw this.#invalid(event, [{ path: [], message: "has no JSON form" }], { cause });
    }
  }

  #formatOptions(event: string, { id, retry }: PublishOptions): string {
    let lines = "";
    if (id !== undefined) {
      const text = String(id);
      const problem = findFieldProblem(text);
      if (problem) throw this.#invalid(event, [{ path: ["id"], message: problem }]);
      lines = formatId(text);
    }
    if (retry !== undefined) {
      if (!Number.isSafeInteger(retry) || retry < 0) {
        throw this.#invalid(event, [{ path: ["retry"], message: `${retry} is not a whole number of ms` }]);
      }
      lines += `retry: ${retry}\n`;
    }
    return lines;
  }

  #unknownEvent(event: string): EventValidationError {
    const names = this.names;
    return this.#invalid(event, [{ path: [], message: `is not in events (${names.join(", ")})` }], {
      hint: suggest(event, names).trim() || undefined,
    });
  }

  #invalid(
    event: string,
    issues: readonly Issue[],
    options: { cause?: unknown; hint?: string | undefined } = {},
  ): EventValidationError {
    return new EventValidationError(event, issues, { ...options, endpoint: this.#endpoint });
  }
}

interface ParseResult {
  success: boolean;
  data?: unknown;
  error?: { issues: readonly z.core.$ZodIssue[] };
}

function parse(schema: z.core.$ZodType | undefined, data: unknown): ParseResult | undefined {
  return (schema as z.ZodType | undefined)?.safeParse(data);
}

function toIssue({ path, message, code }: z.core.$ZodIssue): Issue {
  return { path: path.map((key) => (typeof key === "number" ? key : String(key))), message, code };
}
