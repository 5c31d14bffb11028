// Ids of piped events. An id has a part for each log of the stream: a fingerprint that finds the log, the position
// in it, and a signature. The signature is made with the log's epoch, which only the broker and its processes
// know, over topic, key and position. So an id that was made up, or comes from another log or from before the log
// was lost, is told apart, and gives nobody a position that it was not given.
//
// All characters may stand in Last-Event-ID without a preflight (Fetch Standard, "CORS-unsafe request-header
// byte"); 128 bytes, the most that needs none, are enough for five logs.

import crypto from "node:crypto";

import { formatAddress, type LogAddress } from "./broker.ts";

const PART = /^([0-9a-z]{4})([0-9a-z]+)\.([\w-]{8})$/;
const SEPARATOR = "~";
/** Most logs that one id can stand for. With the longest positions it is then no longer than `MAX_ID_LENGTH`. */
export const MAX_PARTS = 128;

/** Signs and checks positions in one log. */
export class CursorSigner {
  /** A part that stands for no position: whoever comes with it has missed something. */
  readonly lost: string;
  readonly #fingerprint: string;
  readonly #secret: string;
  readonly #prefix: string;
  /** The latest position that was signed: whoever begins to follow a log begins at the same one. */
  #latest: { position: number; cursor: string } | undefined;

  constructor(log: LogAddress, epoch: string) {
    this.#prefix = log.idPrefix ?? "";
    const address = formatAddress(log);
    this.#fingerprint = digest(address)
      .replace(/[^0-9a-z]/g, "")
      .padEnd(4, "0")
      .slice(0, 4);
    this.#secret = `${epoch}\n${address}\n`;
    this.lost = `${this.#prefix}${this.#fingerprint}0.--------`;
  }

  /** Makes the part of an id that stands for a position in this log. */
  sign(position: number): string {
    if (this.#latest?.position === position) return this.#latest.cursor;
    const text = position.toString(36);
    const cursor = `${this.#prefix}${this.#fingerprint}${text}.${this.#tag(text)}`;
    this.#latest = { position, cursor };
    return cursor;
  }

  /**
   * Finds the position in this log that an id stands for, its prefix taken off; `undefined` when it has none that
   * was signed for it.
   */
  find(id: string): number | undefined {
    for (const part of id.split(SEPARATOR, MAX_PARTS)) {
      const [, fingerprint, text = "", tag] = PART.exec(part) ?? [];
      if (fingerprint !== this.#fingerprint || tag !== this.#tag(text)) continue;
      const position = Number.parseInt(text, 36);
      if (Number.isSafeInteger(position)) return position;
    }
    return undefined;
  }

  /** Tells whether an id has a part for this log, though it may have been signed before the log was lost. */
  has(id: string): boolean {
    return id.split(SEPARATOR, MAX_PARTS).some((part) => PART.exec(part)?.[1] === this.#fingerprint);
  }

  #tag(text: string): string {
    return digest(this.#secret + text).slice(0, 8);
  }
}

/** Puts the parts of several logs together. */
export function joinCursors(parts: Iterable<string>): string {
  return Array.from(parts).join(SEPARATOR);
}

function digest(text: string): string {
  // In one go it takes half the time, but not before Node.js 20.12.
  return typeof crypto.hash === "function"
    ? crypto.hash("sha256", text, "base64url")
    : crypto.createHash("sha256").update(text).digest("base64url");
}
