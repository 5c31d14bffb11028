import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** Kinds of broker, in the order of the tables. */
export const BROKERS = ["memory", "redis", "nats"] as const;
/** A kind of broker. */
export type BrokerKind = (typeof BROKERS)[number];

/** Longest time in ms that a server may take to start. */
const START_MS = 30_000;

/** A Redis or NATS of its own, on a free port and with a folder of its own. */
export class BrokerProgram {
  readonly url: string;
  readonly #process: ChildProcess;
  readonly #folder: string;

  private constructor(url: string, process: ChildProcess, folder: string) {
    this.url = url;
    this.#process = process;
    this.#folder = folder;
  }

  /** Tells whether its program is on this machine. */
  static isInstalled(kind: "redis" | "nats"): boolean {
    return find(kind) !== undefined;
  }

  static async start(kind: "redis" | "nats"): Promise<BrokerProgram> {
    const path = find(kind);
    if (path === undefined) throw new Error(`${kind}-server is not installed.`);
    const port = await freePort();
    const folder = mkdtempSync(join(tmpdir(), "pinestream-bench-"));
    const child = spawn(path, argumentsOf(kind, port, folder), { stdio: "ignore" });
    const program = new BrokerProgram(`${kind}://127.0.0.1:${port}`, child, folder);
    const deadline = performance.now() + START_MS;
    while (!(await answers(port))) {
      if (performance.now() > deadline || child.exitCode !== null) {
        await program.stop();
        throw new Error(`${path} did not start.`);
      }
      await sleep(20);
    }
    return program;
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, "exit");
      this.#process.kill("SIGKILL");
      await gone;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function argumentsOf(kind: "redis" | "nats", port: number, folder: string): string[] {
  // Redis as it is set up by default, but without writing its memory to disk in the middle of a measurement.
  if (kind === "redis") return ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", ""];
  const config = join(folder, "nats.conf");
  writeFileSync(config, `listen: "127.0.0.1:${port}"\njetstream { store_dir: "${folder}" }\n`);
  return ["--config", config];
}

function find(kind: "redis" | "nats"): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, `${kind}-server`)).find((path) => existsSync(path));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
