import type { Client } from "pg";

import { settleWithin } from "../async/settle-within.ts";
import type { Hearing, ListeningSession } from "../session/sessions.ts";

/** How often a connection on which nothing is heard is tried, and how long it may take to answer, in ms. */
export interface ProbeOptions {
  everyMs?: number;
  boundMs?: number;
}

const PROBE_EVERY_MS = 30_000;
const PROBE_BOUND_MS = 10_000;
/** How long a closing connection waits for the server's side to close, in ms. */
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * One connection beside the pool that only listens. A peer that is gone without a word (a pulled cable, a
 * firewall that forgot) shows by not answering a probe, since whoever only listens never writes.
 */
export class PostgresListener implements ListeningSession {
  readonly #client: Client;
  readonly #hearing: Hearing;
  readonly #probeBoundMs: number;
  readonly #timer: NodeJS.Timeout;
  #last: Promise<unknown> = Promise.resolve();
  #over = false;
  #closing: Promise<void> | undefined;

  /** @param client connected, and used by nobody else. */
  constructor(client: Client, hearing: Hearing, probe: ProbeOptions = {}) {
    this.#client = client;
    this.#hearing = hearing;
    this.#probeBoundMs = probe.boundMs ?? PROBE_BOUND_MS;
    client.on("notification", ({ channel, payload = "" }) => {
      if (!this.#over) hearing.onNotification(channel, payload);
    });
    client.on("error", (error) => this.#lose(error));
    client.on("end", () => this.#lose(new Error("the server has ended the connection")));
    this.#timer = setInterval(() => void this.#probe(), probe.everyMs ?? PROBE_EVERY_MS).unref();
  }

  async listen(channel: string): Promise<void> {
    await this.#run(`listen ${this.#client.escapeIdentifier(channel)}`);
  }

  async unlisten(channel: string): Promise<void> {
    await this.#run(`unlisten ${this.#client.escapeIdentifier(channel)}`);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#over = true;
    clearInterval(this.#timer);
    if (!(await settleWithin(this.#client.end(), CLOSE_TIMEOUT_MS))) this.#cut();
  }

  /** One after another, which `pg` asks for. */
  #run(text: string): Promise<unknown> {
    const result = this.#last.then(() => this.#client.query(text));
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #probe(): Promise<void> {
    const answer = this.#run("select 1");
    answer.catch(() => undefined);
    if (await settleWithin(answer, this.#probeBoundMs)) return;
    this.#lose(new Error(`the connection has not answered for ${this.#probeBoundMs} ms`));
  }

  #lose(error: Error): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    this.#cut();
    this.#hearing.onLost(error);
  }

  /** `pg` has no way to drop a connection at once but its socket. */
  #cut(): void {
    const { connection } = this.#client as Client & { connection: { stream: { destroy(): void } } };
    connection.stream.destroy();
  }
}
