/** A change as the trigger sent it: rows are PostgreSQL's text of them. */
export interface SentChange {
  type: "insert" | "update" | "delete";
  /** The row as the change left it; of a delete the row as it last was. */
  row: string;
  /** Of an update that changed something, the row before it. */
  before: string | undefined;
}

const HEAD = /^\d+ (?:(\d+)\/(\d+) )?/;

/** Makes changes of payloads, of which one change may have several, one after the other. */
export class PayloadReader {
  #parts: Buffer[] = [];

  /**
   * Reads the next payload. `undefined` when the change goes on in the next, `"gap"` for what stands for
   * changes that are not told, and for what makes no sense, since any role may `notify`.
   */
  read(payload: string): SentChange | "gap" | undefined {
    const head = HEAD.exec(payload);
    if (!head) return this.#fail();
    const rest = payload.slice(head[0].length);
    if (head[1] === undefined) return this.#parts.length > 0 ? this.#fail() : parseMessage(rest);
    const [part, parts] = [Number(head[1]), Number(head[2])];
    if (part !== this.#parts.length + 1) return this.#fail();
    this.#parts.push(Buffer.from(rest, "base64"));
    if (part < parts) return undefined;
    const message = Buffer.concat(this.#parts).toString("utf8");
    this.#parts = [];
    return parseMessage(message);
  }

  /** Forgets a change that has come in part. */
  reset(): void {
    this.#parts = [];
  }

  #fail(): "gap" {
    this.#parts = [];
    return "gap";
  }
}

function parseMessage(text: string): SentChange | "gap" {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return "gap";
  }
  if (!Array.isArray(message)) return "gap";
  const [type, row, before] = message as unknown[];
  if (type !== "insert" && type !== "update" && type !== "delete") return "gap";
  if (typeof row !== "string" || (before !== undefined && typeof before !== "string")) return "gap";
  return { type, row, before };
}
