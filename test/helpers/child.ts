import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { waitFor } from "./wait-for.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const LOG_BOUND = 200_000;

export interface ChildOptions {
  args?: string[];
  /** Flags of Node itself. */
  execArgv?: string[];
  env?: Record<string, string>;
  /** The tsconfig whose decorator settings and paths tsx follows; the repository's own unless given. */
  tsconfig?: string;
  /** Ends with the running test unless `false`; then the caller stops it. */
  ownedByTest?: boolean;
}

/**
 * A script of ours in a process of its own, under tsx, as a user would run it. It talks over IPC:
 * what it sends is kept in `messages`, what it prints in `output` (bounded).
 */
export class Child {
  readonly process: ChildProcess;
  readonly messages: any[] = [];
  output = "";
  exit: { code: number | null; signal: NodeJS.Signals | null } | undefined;
  #calls = 0;

  constructor(script: string, options: ChildOptions = {}) {
    this.process = spawn(
      process.execPath,
      [...(options.execArgv ?? []), "--import", "tsx", script, ...(options.args ?? [])],
      {
        cwd: ROOT,
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        env: {
          ...process.env,
          NODE_OPTIONS: "",
          NODE_ENV: "",
          VITEST: "",
          TSX_TSCONFIG_PATH: options.tsconfig ?? `${ROOT}tsconfig.json`,
          ...options.env,
        },
      },
    );
    for (const stream of [this.process.stdout, this.process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.output = (this.output + text).slice(-LOG_BOUND);
      });
    }
    this.process.on("message", (message) => this.messages.push(message));
    this.process.on("exit", (code, signal) => (this.exit = { code, signal }));
    if (options.ownedByTest !== false) onTestFinished(() => this.stop());
  }

  /** Waits for the first message that `select` accepts; fails at once when the process ends before. */
  async message<Message = any>(select: (message: any) => boolean, boundMs = 30_000): Promise<Message> {
    return await waitFor(
      () => {
        const found = this.messages.find(select);
        if (found === undefined && this.exit) {
          throw new Error(
            `the child ended (${JSON.stringify(this.exit)}) before its message:\n${this.output}`,
          );
        }
        return found as Message;
      },
      { boundMs, what: () => `a message of the child; it printed:\n${this.output}` },
    );
  }

  /** Asks the child to do something and waits for its answer; the script answers with `serveCalls`. */
  async call<Result = any>(name: string, ...args: unknown[]): Promise<Result> {
    const id = ++this.#calls;
    this.process.send({ call: name, id, args });
    const reply = await this.message((message) => message?.reply === id);
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply.result;
  }

  /** Waits for the process's end. */
  async ended(boundMs = 30_000): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
    return await waitFor(() => this.exit, {
      boundMs,
      what: () => `the child's end; it printed:\n${this.output}`,
    });
  }

  async stop(): Promise<void> {
    if (this.exit) return;
    this.process.kill("SIGKILL");
    await this.ended();
  }
}
