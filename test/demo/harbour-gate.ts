import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { onTestFinished } from "vitest";

/**
 * A port in front of a server that may go away, come back, or be another one, while a browser keeps to the one
 * address. Whoever connects while it is shut is reset.
 */
export class HarbourGate {
  readonly #server = createServer((socket) => this.#let(socket));
  readonly #sockets = new Set<Socket>();
  #target: number | undefined;

  /** Opens a gate to a port of this machine; it is closed with the test. */
  static async open(port: number): Promise<HarbourGate> {
    const gate = new HarbourGate();
    gate.#target = port;
    await new Promise<void>((resolve) => gate.#server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      gate.shut();
      gate.#server.close();
    });
    return gate;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Cuts every connection, and lets no new one through. */
  shut(): void {
    this.#target = undefined;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Lets connections through again, to that port. */
  reopen(port: number): void {
    this.#target = port;
  }

  #let(socket: Socket): void {
    if (this.#target === undefined) {
      socket.resetAndDestroy();
      return;
    }
    const inner = connect(this.#target, "127.0.0.1");
    for (const [one, other] of [
      [socket, inner],
      [inner, socket],
    ] as const) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  }
}
