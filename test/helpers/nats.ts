import { connect } from "node:net";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

import { findProgram, freePort, Program } from "./program.ts";

const INSTALL = "NATS is not installed (Debian: apt-get install nats-server)";

/** Why there is no NATS to test against; `undefined` where there is one. */
export function missingNats(): string | undefined {
  return findProgram("nats-server") === undefined ? INSTALL : undefined;
}

/** A NATS server of its own with JetStream. */
export class NatsServer extends Program {
  /** The largest message that it takes, in bytes. */
  readonly #maxPayload: number;

  private constructor(path: string, port: number, maxPayload: number) {
    super(path, port);
    this.#maxPayload = maxPayload;
  }

  static async launch({ maxPayload = 8_388_608 } = {}): Promise<NatsServer> {
    const path = findProgram("nats-server");
    if (path === undefined) throw new Error(INSTALL);
    const server = new NatsServer(path, await freePort(), maxPayload);
    await server.start();
    return server;
  }

  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  protected override get args(): string[] {
    const config = join(this.folder, "nats.conf");
    writeFileSync(
      config,
      `listen: "127.0.0.1:${this.port}"\nmax_payload: ${this.#maxPayload}\njetstream { store_dir: "${this.dataFolder}" }\n`,
    );
    return ["--config", config];
  }

  protected override async isUp(): Promise<boolean> {
    const socket = connect({ port: this.port, host: "127.0.0.1" });
    try {
      // It greets before it is asked, and has recovered its streams by then.
      const [greeting] = (await once(socket, "data")) as [Buffer];
      return greeting.toString().startsWith("INFO ");
    } finally {
      socket.destroy();
    }
  }
}
