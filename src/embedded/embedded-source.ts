// The embedded database's side of the thread border that faces the application.
//
// PGlite computes for seconds when it starts, so it lives in a worker thread, and streams that don't query
// never feel it. It has one session, which is handed to one user after another. The worker keeps the process
// alive only while an answer is due.

import { createRequire } from "node:module";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";

import { createDeferred } from "../async/deferred.ts";
import { settleWithin } from "../async/settle-within.ts";
import { DatabaseError } from "../errors/model-errors.ts";
import { cacheFolder } from "./cache-folder.ts";
import { fromErrorFields, type Reply, type Request, type WorkerOptions } from "./embedded-protocol.ts";
import { lockFolder } from "./folder-lock.ts";
import type { Hearing, ListeningSession, RawResult, RawSession, SessionSource } from "../session/sessions.ts";

/** How long a closing database waits for the transaction that is running, in ms. */
const CLOSE_TIMEOUT_MS = 5_000;

export interface EmbeddedOptions {
  /** Folder of the database; without it everything is kept in memory and gone at the close. */
  dataDir?: string | undefined;
  /** Folder for the packed cluster. Default: in the project's `node_modules/.cache`. */
  cacheDir?: string | undefined;
}

interface Pending {
  resolve(result: RawResult | undefined): void;
  reject(error: Error): void;
}

/** The one session of a PGlite that runs in a worker thread, started at first use. */
export class EmbeddedSource implements SessionSource {
  readonly description: string;
  readonly #options: EmbeddedOptions;
  #thread: Thread | undefined;
  #died: DatabaseError | undefined;
  #closing: Promise<void> | undefined;
  /** Settles when the session is free again for the next in line. */
  #free: Promise<void> = Promise.resolve();

  constructor(options: EmbeddedOptions = {}) {
    const dataDir = options.dataDir === undefined ? undefined : resolve(options.dataDir);
    this.#options = { ...options, dataDir };
    this.description = `The embedded database (${options.dataDir ?? "in memory"})`;
  }

  async connect(): Promise<RawSession> {
    this.#assertOpen();
    const before = this.#free;
    const { promise, resolve: release } = createDeferred();
    this.#free = promise;
    await before;
    try {
      this.#assertOpen();
      const thread = this.#openThread();
      return {
        query: (text, parameters) => thread.query(text, parameters),
        release(broken) {
          // The one session cannot be thrown away, so what is left of a transaction is.
          if (broken) void thread.query("rollback", []).catch(() => undefined);
          release();
        },
      };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Listens in the one session; what it takes to begin and to stop waits until that is free. */
  async openListener(hearing: Hearing): Promise<ListeningSession> {
    this.#assertOpen();
    const thread = this.#openThread();
    thread.hearings.add(hearing);
    thread.hold();
    let open = true;
    const run = async (text: string): Promise<void> => {
      const session = await this.connect();
      try {
        await session.query(text, []);
      } finally {
        session.release(false);
      }
    };
    const channels = new Set<string>();
    return {
      listen: async (channel) => {
        channels.add(channel);
        await run(`listen "${channel}"`);
      },
      unlisten: async (channel) => {
        channels.delete(channel);
        await run(`unlisten "${channel}"`);
      },
      close: async () => {
        if (!open) return;
        open = false;
        thread.hearings.delete(hearing);
        thread.letGo();
        // Not awaited, since the session may be in use for long; whoever listens next comes after it.
        if (thread === this.#thread && !this.#closing) {
          for (const channel of channels) void run(`unlisten "${channel}"`).catch(() => undefined);
        }
      },
    };
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    // Nobody can see the outcome of what waits for a start, and an unfinished folder is not in its place yet.
    if (thread.started) {
      await settleWithin(this.#free, CLOSE_TIMEOUT_MS);
      await settleWithin(thread.send({ kind: "close" }), CLOSE_TIMEOUT_MS);
    }
    await thread.end(this.#closedError());
  }

  #openThread(): Thread {
    this.#thread ??= new Thread(this.description, this.#options, (error) => {
      this.#thread = undefined;
      // A folder can be opened again; what was in memory is lost, and going on without it would hide that.
      if (error.started && this.#options.dataDir === undefined) this.#died = error.error;
    });
    return this.#thread;
  }

  #assertOpen(): void {
    if (this.#died) throw this.#died;
    if (this.#closing) throw this.#closedError();
  }

  #closedError(): DatabaseError {
    return new DatabaseError(
      `${this.description} has been closed. Query before the server that it was given to is closed.`,
    );
  }
}

class Thread {
  started = false;
  readonly hearings = new Set<Hearing>();
  readonly #description: string;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  readonly #onDeath: (death: { error: DatabaseError; started: boolean }) => void;
  readonly #unlock: () => void;
  #lastId = 0;
  /** What keeps the process alive: answers that are due, and listeners. */
  #holds = 0;
  #over: DatabaseError | undefined;

  constructor(
    description: string,
    { dataDir, cacheDir }: EmbeddedOptions,
    onDeath: (death: { error: DatabaseError; started: boolean }) => void,
  ) {
    this.#description = description;
    this.#onDeath = onDeath;
    this.#unlock = dataDir === undefined ? () => {} : lockFolder(dataDir);
    this.#worker = createWorker({ dataDir, cacheDir: cacheDir ?? cacheFolder() });
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#receive(reply));
    this.#worker.on("error", (cause) => {
      this.#die(
        new DatabaseError(
          `${description} failed: ${cause instanceof Error ? cause.message : String(cause)}`,
          { cause },
        ),
      );
    });
    this.#worker.on("exit", (code) => {
      this.#unlock();
      this.#die(new DatabaseError(`${description} ended unexpectedly (its thread's exit code is ${code}).`));
    });
  }

  async query(text: string, parameters: readonly (string | null)[]): Promise<RawResult> {
    const result = await this.send({ kind: "query", text, parameters });
    return result ?? { command: "", rowCount: 0, fields: [], rows: [] };
  }

  send(request: { kind: "close" } | { kind: "query"; text: string; parameters: readonly (string | null)[] }) {
    if (this.#over) return Promise.reject(this.#over);
    const id = ++this.#lastId;
    return new Promise<RawResult | undefined>((resolve, reject) => {
      this.hold();
      this.#pending.set(id, { resolve, reject });
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
      this.#worker.postMessage({ ...request, id } satisfies Request);
    });
  }

  /** Keeps the process alive until `letGo` has been called as often. */
  hold(): void {
    if (this.#holds++ === 0) this.#worker.ref();
  }

  letGo(): void {
    if (--this.#holds === 0) this.#worker.unref();
  }

  /** Ends the thread at once; what waits for an answer is rejected. */
  async end(reason: DatabaseError): Promise<void> {
    this.#over ??= reason;
    this.#tellAll(this.#over);
    await this.#worker.terminate();
  }

  #receive(reply: Reply): void {
    if (reply.kind === "started") {
      this.started = true;
    } else if (reply.kind === "failed") {
      this.#unlock();
      const cause = fromErrorFields(reply.error);
      const problem = reply.missing
        ? 'needs the package "@electric-sql/pglite", which could not be loaded. Run: npm install @electric-sql/pglite ' +
          "(or set DATABASE_URL to use a PostgreSQL server)"
        : `could not be started: ${cause.message}`;
      this.#die(new DatabaseError(`${this.#description} ${problem}`, { cause }));
      void this.#worker.terminate();
    } else if (reply.kind === "notification") {
      for (const hearing of this.hearings) hearing.onNotification(reply.channel, reply.payload);
    } else {
      const pending = this.#pending.get(reply.id);
      if (this.#pending.delete(reply.id)) this.letGo();
      if (reply.kind === "result") pending?.resolve(reply.result);
      else pending?.reject(fromErrorFields(reply.error));
    }
  }

  #die(error: DatabaseError): void {
    if (this.#over) return;
    this.#over = error;
    this.#onDeath({ error, started: this.started });
    this.#tellAll(error);
  }

  #tellAll(error: DatabaseError): void {
    const pending = [...this.#pending.values()];
    const hearings = [...this.hearings];
    this.#pending.clear();
    this.hearings.clear();
    this.#worker.unref();
    for (const { reject } of pending) reject(error);
    for (const hearing of hearings) hearing.onLost(error);
  }
}

/** From the package's own source (under tsx or vitest), the worker is TypeScript, which Node 20 can't load. */
function createWorker(options: WorkerOptions): Worker {
  // The parent's loaders are of no use to the worker and cost it time.
  const shared = { workerData: options, execArgv: [] };
  if (!import.meta.url.endsWith(".ts")) {
    return new Worker(new URL("./embedded-worker.js", import.meta.url), shared);
  }
  const path = JSON.stringify(fileURLToPath(new URL("./embedded-worker.ts", import.meta.url)));
  const jiti = JSON.stringify(createRequire(import.meta.url).resolve("jiti"));
  return new Worker(`require(${jiti}).createJiti(${path}).import(${path})`, { ...shared, eval: true });
}
