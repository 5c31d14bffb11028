import type { OpenPlan, Received } from "../load/load.ts";
import type { Peer } from "../peers.ts";
import { Worker } from "../processes/worker.ts";
import type { Memory, PublishPlan, Usage } from "../servers/serve.ts";

/** Longest time in ms until all clients have what was sent. */
const ARRIVAL_MS = 300_000;

/** A server process and a process of clients, both fresh. */
export class Session {
  readonly server: Worker;
  readonly load: Worker;
  readonly #port: number;
  #next = 1;

  private constructor(server: Worker, load: Worker, port: number) {
    this.server = server;
    this.load = load;
    this.#port = port;
  }

  /** Starts both, does something with them, and ends them. */
  static async run<Result>(
    peer: Peer,
    work: (session: Session) => Promise<Result>,
    env: Record<string, string> = {},
  ): Promise<Result> {
    const workers: Worker[] = [];
    try {
      const server = await Worker.start(peer.name, peer.script, env);
      workers.push(server);
      const load = await Worker.start("load", "load/load.js");
      workers.push(load);
      return await work(new Session(server, load, await server.call<number>("listen")));
    } finally {
      for (const worker of workers) await worker.stop();
    }
  }

  /** Opens streams of the fan-out, spread over topics. */
  async openFanOut(
    count: number,
    { topics = 1, ...plan }: Partial<OpenPlan> & { topics?: number } = {},
  ): Promise<void> {
    const paths: string[] = [];
    for (let topic = 0; topic < topics; topic++) paths.push(await this.server.call("fanOut", topic));
    await this.load.call("open", { port: this.#port, paths, count, ...plan } satisfies OpenPlan);
  }

  /** Opens a stream of its own for one client. */
  async openPull(count: number, bytes: number, plan: Partial<OpenPlan> = {}): Promise<void> {
    const path = await this.server.call<string>("pull", { count, bytes });
    await this.load.call("open", { port: this.#port, paths: [path], count: 1, ...plan } satisfies OpenPlan);
  }

  /** Publishes, from the server's process by default, and waits until every stream has had all of it. */
  async publish(
    plan: Omit<PublishPlan, "from">,
    publisher = this.server,
    withinMs = ARRIVAL_MS,
  ): Promise<void> {
    const from = this.#next;
    this.#next += plan.events;
    await publisher.call("publish", { ...plan, from } satisfies PublishPlan);
    await this.load.call("until", { n: this.#next - 1, withinMs });
  }

  /** Measures what the server uses while something is done. */
  async measure(work: () => Promise<unknown>): Promise<Usage> {
    await this.server.call("mark");
    await work();
    return await this.server.call("usage");
  }

  async memory({ collect = false }: { collect?: boolean } = {}): Promise<Memory> {
    return await this.server.call("memory", { collect });
  }

  async received(): Promise<Received> {
    return await this.load.call("received");
  }
}
