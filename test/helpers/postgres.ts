import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

import { Client } from "pg";

import { settles, waitFor } from "./wait-for.ts";

const LOG_BOUND = 20_000;
const INSTALL = "PostgreSQL is not installed (Debian: apt-get install postgresql)";

/** Why there is no PostgreSQL to test against; `undefined` where there is one. */
export function missingPostgres(): string | undefined {
  return findBinaries() === undefined ? INSTALL : undefined;
}

/** A PostgreSQL server of its own: free port, temporary folder, nothing of it synced to disk. */
export class PostgresServer implements AsyncDisposable {
  readonly port: number;
  readonly #bin: string;
  readonly #folder: string;
  readonly #user: { uid?: number; gid?: number };
  #process: ChildProcess | undefined;
  #log = "";
  #created = 0;

  private constructor(bin: string, port: number) {
    this.port = port;
    this.#bin = bin;
    this.#user = ordinaryUser();
    this.#folder = mkdtempSync(join(tmpdir(), "pinestream-postgres-"));
    const { uid, gid } = this.#user;
    if (uid !== undefined && gid !== undefined) chownSync(this.#folder, uid, gid);
    process.once("exit", this.#kill);
  }

  /** Makes a cluster and starts it. */
  static async start(): Promise<PostgresServer> {
    const bin = findBinaries();
    if (bin === undefined) throw new Error(INSTALL);
    const server = new PostgresServer(bin, await freePort());
    try {
      const args = [
        "-D",
        server.#data,
        "-U",
        "postgres",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "--no-sync",
      ];
      await server.#run("initdb", args);
      await server.resume();
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get #data(): string {
    return join(this.#folder, "data");
  }

  /** Makes an empty database and gives its address. */
  async createDatabase(): Promise<string> {
    const name = `test_${++this.#created}`;
    await this.#asAdministrator(`create database ${name}`);
    return this.url(name);
  }

  url(database: string): string {
    return `postgres://postgres@127.0.0.1:${this.port}/${database}`;
  }

  /** Ends the connections of one database, as an administrator or a failing network would. */
  async disconnect(url: string): Promise<void> {
    const name = new URL(url).pathname.slice(1);
    await this.#asAdministrator(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}'`,
    );
  }

  /** Counts the connections of one database by their state. */
  async connections(url: string): Promise<Record<string, number>> {
    const name = new URL(url).pathname.slice(1);
    const rows = await this.#asAdministrator(
      `select state, count(*)::int as count from pg_stat_activity where datname = '${name}' group by state`,
    );
    return Object.fromEntries(rows.map(({ state, count }) => [String(state), Number(count)]));
  }

  /** Starts the server again after `pause`, on the same port with the same data. */
  async resume(): Promise<void> {
    const settings = {
      listen_addresses: "127.0.0.1",
      port: String(this.port),
      unix_socket_directories: "",
      fsync: "off",
      synchronous_commit: "off",
      full_page_writes: "off",
      shared_buffers: "16MB",
      // A zone with an odd offset shows where somebody reads or writes local time.
      timezone: "Asia/Kathmandu",
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
    const child = spawn(join(this.#bin, "postgres"), ["-D", this.#data, ...flags], {
      ...this.#user,
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    this.#keepLog(child);
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`postgres ended:\n${this.#log}`);
        return await this.#asAdministrator("select 1").then(
          () => true,
          () => false,
        );
      },
      { boundMs: 30_000, what: () => `postgres on port ${this.port} accepts connections:\n${this.#log}` },
    );
  }

  /** Stops the server; connections are cut at once. */
  async pause(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (!child || child.exitCode !== null) return;
    const exit = once(child, "exit");
    child.kill("SIGINT");
    await settles(exit, { boundMs: 20_000, what: () => `postgres shuts down:\n${this.#log}` });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    process.off("exit", this.#kill);
    await this.pause();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  readonly #kill = (): void => {
    this.#process?.kill("SIGQUIT");
    rmSync(this.#folder, { recursive: true, force: true });
  };

  async #asAdministrator(text: string): Promise<Record<string, unknown>[]> {
    const client = new Client({ connectionString: this.url("postgres") });
    client.on("error", () => {});
    try {
      await client.connect();
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  async #run(program: string, args: string[]): Promise<void> {
    const child = spawn(join(this.#bin, program), args, { ...this.#user, stdio: ["ignore", "pipe", "pipe"] });
    this.#keepLog(child);
    const [code] = (await once(child, "exit")) as [number | null];
    if (code !== 0) throw new Error(`${program} failed (${code}):\n${this.#log}`);
  }

  #keepLog(child: ChildProcess): void {
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.#log = (this.#log + chunk.toString()).slice(-LOG_BOUND);
      });
    }
  }
}

let shared: Promise<PostgresServer> | undefined;
let users = 0;

/** One use of the server that all suites of this process share; the last one to end stops it. */
export async function usePostgres(): Promise<{ server: PostgresServer; release: () => Promise<void> }> {
  users++;
  shared ??= PostgresServer.start();
  const server = await shared;
  return {
    server,
    release: async () => {
      if (--users > 0) return;
      shared = undefined;
      await server[Symbol.asyncDispose]();
    },
  };
}

function findBinaries(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(debian, version, "bin")),
    ...(process.env["PATH"] ?? "").split(delimiter),
  ];
  return folders.find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
}

/** PostgreSQL refuses to run as root. */
function ordinaryUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const ask = (flag: string, user: string) =>
    Number(execFileSync("id", [flag, user], { stdio: ["ignore", "pipe", "ignore"] }));
  for (const user of ["postgres", "nobody"]) {
    try {
      return { uid: ask("-u", user), gid: ask("-g", user) };
    } catch {
      // No such user; the next one.
    }
  }
  return {};
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await promisify(server.close.bind(server))();
  return port;
}
