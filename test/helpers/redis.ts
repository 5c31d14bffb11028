import { connect } from "node:net";
import { once } from "node:events";

import { findProgram, freePort, Program } from "./program.ts";

const INSTALL = "Redis is not installed (Debian: apt-get install redis-server)";

/** Why there is no Redis to test against; `undefined` where there is one. */
export function missingRedis(): string | undefined {
  return findProgram("redis-server") === undefined ? INSTALL : undefined;
}

/**
 * A Redis of its own. It has handed everything to the kernel before it answers, so that nothing is lost when it is
 * killed (only a crash of the machine would lose what `appendfsync always` keeps).
 */
export class RedisServer extends Program {
  static async launch(): Promise<RedisServer> {
    const path = findProgram("redis-server");
    if (path === undefined) throw new Error(INSTALL);
    const server = new RedisServer(path, await freePort());
    await server.start();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Sends one command in its inline form and gives the raw answer. */
  async ask(command: string): Promise<string> {
    const socket = connect({ port: this.port, host: "127.0.0.1" });
    try {
      socket.write(`${command}\r\n`);
      const [answer] = (await once(socket, "data")) as [Buffer];
      return answer.toString();
    } finally {
      socket.destroy();
    }
  }

  protected override get args(): string[] {
    const settings = {
      port: String(this.port),
      bind: "127.0.0.1",
      dir: this.dataFolder,
      save: "",
      appendonly: "yes",
      appendfsync: "no",
      "enable-debug-command": "local",
    };
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  }

  protected override async isUp(): Promise<boolean> {
    return (await this.ask("PING")).startsWith("+PONG");
  }
}
