import { connect } from "node:net";
import { writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";

import { findProgram, freePort, Program } from "./program.ts";

const INSTALL = "nginx is not installed (Debian: apt-get install nginx-light)";

/** Why there is no nginx to test behind; `undefined` where there is one. */
export function missingNginx(): string | undefined {
  return findProgram("nginx") === undefined ? INSTALL : undefined;
}

/** An nginx of its own. */
export class NginxServer extends Program {
  readonly #config: string;

  private constructor(path: string, port: number, config: (port: number) => string) {
    super(path, port);
    this.#config = config(port);
  }

  /** Starts one with a configuration that is given the port to listen on. */
  static async launch(config: (port: number) => string): Promise<NginxServer> {
    const path = findProgram("nginx");
    if (path === undefined) throw new Error(INSTALL);
    const server = new NginxServer(path, await freePort(), config);
    await server.start();
    return server;
  }

  protected override get args(): string[] {
    const file = join(this.folder, "nginx.conf");
    writeFileSync(file, this.#config);
    // What belongs to where it runs, and not to how: as one process, in the foreground, in its own folder.
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${this.dataFolder}/${name};`,
    );
    writeFileSync(
      file,
      this.#config.replace(/^http \{$/m, `http {\n  access_log off;\n  ${paths.join("\n  ")}`),
    );
    const globals = `daemon off; master_process off; pid ${this.dataFolder}/pid; error_log stderr;`;
    return ["-p", this.folder, "-c", file, "-g", globals];
  }

  protected override async isUp(): Promise<boolean> {
    const socket = connect({ port: this.port, host: "127.0.0.1" });
    try {
      await once(socket, "connect");
      return true;
    } finally {
      socket.destroy();
    }
  }
}
