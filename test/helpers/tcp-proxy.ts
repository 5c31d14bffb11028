import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** Stands between a client and a server, as a network that fails in the ways that networks do. */
export class TCPProxy implements AsyncDisposable {
  /** Whether what the server says is lost, though what it is told arrives. */
  dropsReplies = false;
  /** Whether new connections are refused. */
  refuses = false;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(target: number) {
    this.#server = createServer((client) => {
      if (this.refuses) {
        client.resetAndDestroy();
        return;
      }
      const server = connect({ port: target, host: "127.0.0.1" });
      for (const socket of [client, server]) {
        this.#sockets.add(socket);
        socket.on("error", () => {});
        socket.on("close", () => {
          this.#sockets.delete(socket);
          client.destroy();
          server.destroy();
        });
      }
      client.pipe(server);
      server.on("data", (bytes) => {
        if (!this.dropsReplies) client.write(bytes);
      });
    });
  }

  static async launch(target: number): Promise<TCPProxy> {
    const proxy = new TCPProxy(target);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Breaks all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    this.cut();
  }
}
