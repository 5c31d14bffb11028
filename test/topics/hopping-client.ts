import { get, type ClientRequest } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

/** What a client thinks of the sequence that it has seen. */
export interface Findings {
  doubled: string[];
  gaps: string[];
  /** Numbers that were left out, each for the first client that missed it. */
  skipped: Map<number, string>;
}

/** A client that keeps its last event ID, and takes it to another server every now and then. */
export class HoppingClient {
  /** The last number that it has seen. */
  last = 0;
  received = 0;
  connections = 0;
  readonly #name: string;
  readonly #findings: Findings;
  readonly #random: () => number;
  #lastEventId: string | undefined;
  #request: ClientRequest | undefined;
  #isOver = false;
  #running: Promise<void> | undefined;

  constructor(name: string, findings: Findings, random: () => number) {
    this.#name = name;
    this.#findings = findings;
    this.#random = random;
  }

  /** Hops between servers until `stop`. */
  start(urls: readonly string[], stayMs: [least: number, most: number]): void {
    this.#running = this.#run(urls, stayMs);
  }

  async stop(): Promise<void> {
    this.#isOver = true;
    this.#request?.destroy();
    await this.#running;
  }

  async #run(urls: readonly string[], [least, most]: [number, number]): Promise<void> {
    while (!this.#isOver) {
      const url = urls[Math.floor(this.#random() * urls.length)]!;
      await this.#stay(url, least + this.#random() * (most - least));
      await delay(this.#random() * 50);
    }
  }

  #stay(url: string, ms: number): Promise<void> {
    const headers = this.#lastEventId === undefined ? {} : { "last-event-id": this.#lastEventId };
    return new Promise((resolve) => {
      const request = get(url, { agent: false, headers });
      this.#request = request;
      const timer = setTimeout(() => request.destroy(), ms);
      request.on("error", () => {});
      request.on("close", () => {
        clearTimeout(timer);
        resolve();
      });
      request.on("response", (response) => {
        this.connections++;
        let rest = "";
        response.on("error", () => {});
        response.setEncoding("utf8").on("data", (text: string) => {
          rest += text;
          const frames = rest.split("\n\n");
          rest = frames.pop()!;
          for (const frame of frames) this.#take(frame);
        });
      });
    });
  }

  #take(frame: string): void {
    const fields = new Map<string, string>();
    for (const line of frame.split("\n")) {
      const colon = line.indexOf(": ");
      fields.set(line.slice(0, colon), line.slice(colon + 2));
    }
    const id = fields.get("id");
    const where = `${this.#name} after ${this.last} (${this.#lastEventId}): ${frame}`;
    if (id !== undefined) this.#lastEventId = id;
    if (fields.get("event") === "gap") this.#findings.gaps.push(where);
    if (fields.get("event") !== "flash") return;
    const number = Number(fields.get("data"));
    if (number <= this.last) this.#findings.doubled.push(where);
    if (this.received > 0) {
      for (let missed = this.last + 1; missed < number; missed++) {
        if (!this.#findings.skipped.has(missed)) this.#findings.skipped.set(missed, where);
      }
    }
    this.received++;
    this.last = number;
  }
}

/** Numbers from 0 to 1 that are the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
