// Validates and encodes events. One codec serves all connections of an endpoint: the schemas are the
// decorator's own, so zod compiles each of them once for the process.

import type { z } from "zod";

import type { Issue } from "../errors/base.ts";
import { EventValidationError } from "../errors/stream-errors.ts";
import { suggest } from "../errors/suggest.ts";
import { stringifyData } from "../wire/data.ts";
import { findFieldProblem, formatEventStart, formatId } from "../wire/event-stream.ts";
import type { PublishOptions } from "./events.ts";

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
    return this.format(event, this.parse(event, data), options);
  }

  /** Gives the data as its schema parses it. @throws EventValidationError */
  parse(event: string, data: unknown): unknown {
    const kind = this.#kinds.get(event);
    if (!kind) throw this.#unknownEvent(event);
    let result;
    try {
      result = safeParse(kind.schema, data);
    } catch (cause) {
      throw this.#unparsable(event, cause);
    }
    if (result.success) return result.data;
    throw this.#invalid(event, (result.error?.issues ?? []).map(toIssue));
  }

  /** Formats parsed data as a frame. @throws EventValidationError */
  format(event: string, data: unknown, options: PublishOptions | undefined): string {
    const start = this.#kinds.get(event)?.start ?? "";
    const body = `${start}${this.stringify(event, data)}\n\n`;
    return options === undefined ? body : this.#formatOptions(event, options) + body;
  }

  /** Writes parsed data as JSON on one line. @throws EventValidationError */
  stringify(event: string, data: unknown): string {
    try {
      return stringifyData(data);
    } catch (cause) {
      throw this.#invalid(event, [{ path: [], message: "has no JSON form" }], { cause });
    }
  }

  /** Tells whether `data` is what the event takes; `false` for an unknown event. */
  accepts(event: string, data: unknown): boolean {
    const schema = this.#kinds.get(event)?.schema;
    try {
      return schema !== undefined && safeParse(schema, data).success;
    } catch {
      return false;
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

  #unparsable(event: string, cause: unknown): EventValidationError {
    const isAsync = cause instanceof Error && cause.constructor.name === "$ZodAsyncError";
    const message = isAsync ? "its schema is asynchronous" : "its schema threw an error";
    const hint = isAsync ? "Events are validated as they are published; await the work before." : undefined;
    return this.#invalid(event, [{ path: [], message }], { cause, hint });
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

function safeParse(schema: z.core.$ZodType, data: unknown): ParseResult {
  return (schema as z.ZodType).safeParse(data);
}

function toIssue({ path, message, code }: z.core.$ZodIssue): Issue {
  return { path: path.map((key) => (typeof key === "number" ? key : String(key))), message, code };
}
