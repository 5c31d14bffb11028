import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { Answer } from "./calls.ts";

/** UTF-16 code units of what a process printed that are kept for messages. */
const MAX_OUTPUT = 20_000;
/** Longest time in ms that an answer may take; a measurement takes seconds, on a machine that is free. */
const ANSWER_MS = 600_000;

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** A process that this one has started, and can ask. */
export class Worker {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #waiting = new Map<number, Waiting>();
  #calls = 0;
  #output = "";

  private constructor(name: string, process: ChildProcess) {
    this.name = name;
    this.#process = process;
    for (const stream of [process.stdout, process.stderr]) {
      stream?.setEncoding("utf8").on("data", (text: string) => {
        this.#output = (this.#output + text).slice(-MAX_OUTPUT);
      });
    }
    process.on("message", ({ id, result, error }: Answer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(result);
      else waiting?.reject(new Error(`${name}: ${error}`));
    });
    process.on("exit", (code, signal) => {
      for (const { reject } of this.#waiting.values()) {
        reject(new Error(`${name} ended (${signal ?? `exit code ${code}`}) in the middle:\n${this.#output}`));
      }
      this.#waiting.clear();
    });
  }

  /** Starts a compiled script of this folder; resolves when it is ready for questions. */
  static async start(name: string, script: string, env: Record<string, string> = {}): Promise<Worker> {
    const path = fileURLToPath(new URL(`../${script}`, import.meta.url));
    const child = spawn(process.execPath, ["--expose-gc", path], {
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      env: { ...process.env, NODE_OPTIONS: "", NODE_ENV: "production", ...env },
    });
    const worker = new Worker(name, child);
    await worker.#wait(0);
    return worker;
  }

  /** Asks for something and waits for the answer. */
  async call<Result = void>(call: string, argument?: unknown): Promise<Result> {
    const id = ++this.#calls;
    const answer = this.#wait(id);
    this.#process.send({ id, call, argument });
    return (await answer) as Result;
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGKILL");
    await gone;
  }

  #wait(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        reject(new Error(`${this.name} gave no answer within ${ANSWER_MS / 1000} s:\n${this.#output}`));
      }, ANSWER_MS);
      const settle = <Value>(then: (value: Value) => void): ((value: Value) => void) => {
        return (value) => {
          clearTimeout(timer);
          then(value);
        };
      };
      this.#waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
    });
  }
}
