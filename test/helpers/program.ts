import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { settles, waitFor } from "./wait-for.ts";

const LOG_BOUND = 20_000;

/** A server program that tests start: a free port, a folder of its own, a bounded log for when it fails. */
export abstract class Program implements AsyncDisposable {
  readonly port: number;
  readonly folder: string;
  readonly #path: string;
  #process: ChildProcess | undefined;
  #log = "";

  protected constructor(path: string, port: number) {
    this.#path = path;
    this.port = port;
    this.folder = mkdtempSync(join(tmpdir(), "pinestream-program-"));
    mkdirSync(this.dataFolder);
    process.once("exit", this.#abandon);
  }

  /** Where it keeps what survives a restart. */
  get dataFolder(): string {
    return join(this.folder, "data");
  }

  get log(): string {
    return this.#log;
  }

  protected abstract get args(): string[];
  /** Whether it answers. */
  protected abstract isUp(): Promise<boolean>;

  /** Starts it (again), on its port and with the data that it has, and waits until it answers. */
  async start(): Promise<void> {
    const child = spawn(this.#path, this.args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-LOG_BOUND)));
    }
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`${this.#path} ended:\n${this.#log}`);
        return await this.isUp().catch(() => false);
      },
      { boundMs: 30_000, what: () => `${this.#path} on port ${this.port} answers:\n${this.#log}` },
    );
  }

  /** Ends it without warning, as a crash would. With `loseData` it begins anew at the next start. */
  async kill({ loseData = false } = {}): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child && child.exitCode === null && child.signalCode === null) {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await settles(exit, { boundMs: 20_000, what: `the end of ${this.#path}` });
    }
    if (!loseData) return;
    rmSync(this.dataFolder, { recursive: true, force: true });
    mkdirSync(this.dataFolder);
  }

  /** Lets it stand still, so that connections stay open but nothing is answered; `thaw` lets it go on. */
  async freeze(): Promise<void> {
    const { pid } = this.#process ?? {};
    this.#process?.kill("SIGSTOP");
    // The signal takes a moment, in which it might still answer. A multithreaded one stops thread by thread.
    const isStopped = (): boolean =>
      execFileSync("ps", ["-L", "-o", "state=", "-p", String(pid)], { encoding: "utf8" })
        .trim()
        .split("\n")
        .every((state) => state.startsWith("T"));
    await waitFor(isStopped, { what: `${this.#path} stands still` });
  }

  thaw(): void {
    this.#process?.kill("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#abandon);
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }

  readonly #abandon = (): void => {
    this.#process?.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  };
}

/** Finds a program; `undefined` where it is not installed. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** A port that is free now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await promisify(server.close.bind(server))();
  return port;
}
