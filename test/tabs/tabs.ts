import type { Browser, BrowserContext, Frame, Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { bundleForBrowsers } from "../client/bundle.ts";
import { MisbehavingServer, open, plain, write, type Responder } from "../client/misbehaving-server.ts";
import type { ServerResponse } from "node:http";
import { gate } from "../helpers/gate.ts";
import { waitFor } from "../helpers/wait-for.ts";
import type { OpenOptions, Seen } from "./page.ts";

/** Several pages at once are slow where the machine has much to do. */
const BOUND_MS = 30_000;

let script: string | undefined;

/** One tab of a browser, or a frame in it, with what `page.ts` can do. */
export class Tab {
  readonly page: Page;
  readonly #frame: Frame;

  private constructor(page: Page, frame: Frame) {
    this.page = page;
    this.#frame = frame;
  }

  /** Gives a page, or a frame in it, what `page.ts` can do. */
  static async equip(page: Page, frame: Frame = page.mainFrame()): Promise<Tab> {
    script ??= (await bundleForBrowsers("test/tabs/page.ts", "iife")).code;
    await frame.addScriptTag({ content: script });
    return new Tab(page, frame);
  }

  /** Opens a stream and gives its number. */
  async open(options: OpenOptions | string): Promise<number> {
    return await this.#call("open", typeof options === "string" ? { path: options } : options);
  }

  async read(index = 0): Promise<Seen> {
    return await this.#call("read", index);
  }

  async close(index = 0): Promise<void> {
    await this.#call("close", index);
  }

  async goOn(): Promise<void> {
    await this.#call("goOn", undefined);
  }

  async locks(): Promise<{ held: string[]; pending: string[] }> {
    return await this.#call("queryLocks", undefined);
  }

  /** Keeps what it asks for of locks from the browser, as a browser that has much to do would for a while. */
  async holdBackLocks(): Promise<void> {
    await this.#call("holdBackLocks", undefined);
  }

  /** Lets it say nothing any more to the other tabs, as one that has crashed. */
  async silence(): Promise<void> {
    await this.#call("silence", undefined);
  }

  /** Lets it stand still until the server has answered at that path. */
  async standStill(path: string): Promise<void> {
    await this.#call("standStill", path);
  }

  /** Waits until a request has gone from it to the server and come back. */
  async askForPage(): Promise<void> {
    await this.#call("askForPage", undefined);
  }

  async readFirst(path: string): Promise<string> {
    return await this.#call("readFirst", path);
  }

  /** The data of the last event so far. */
  async last(index = 0): Promise<unknown> {
    return await this.#call("last", index);
  }

  /** The data of what a stream has brought. */
  async data(index = 0): Promise<unknown[]> {
    return (await this.read(index)).events.map(({ data }) => data);
  }

  /** Waits until a stream has brought so many events, and gives their data. */
  async dataOf(count: number, index = 0): Promise<unknown[]> {
    let arrived = 0;
    await waitFor(async () => (arrived = await this.#call("count", index)) >= count, {
      boundMs: BOUND_MS,
      what: () => `${count} events; ${arrived} have come`,
    }).catch(async (error: Error) => {
      const { statuses, events } = await this.read(index);
      error.message += `: ${JSON.stringify(events.slice(-3))}, after the statuses ${statuses}`;
      throw error;
    });
    return await this.data(index);
  }

  /** Waits for a status. */
  async reaches(status: string, index = 0): Promise<Seen> {
    return await waitFor(
      async () => {
        const seen = await this.read(index);
        return seen.status === status ? seen : undefined;
      },
      { boundMs: BOUND_MS, what: `status ${status}` },
    );
  }

  async #call(name: string, argument: unknown): Promise<any> {
    return await this.#frame.evaluate(([name, argument]) => (globalThis as any).bundle[name](argument), [
      name,
      argument,
    ] as const);
  }
}

/** Opens pages of one browser with one profile, which `prepare` gets before, for the running test. */
export async function openTabs(
  browser: Browser,
  address: string,
  count: number,
  prepare?: (context: BrowserContext) => Promise<void>,
): Promise<Tab[]> {
  const context = await browser.newContext();
  onTestFinished(async () => await context.close());
  await prepare?.(context);
  return await Promise.all(Array.from({ length: count }, () => openTab(context, address)));
}

/** Opens a further page. */
export async function openTab(context: BrowserContext, address: string): Promise<Tab> {
  const page = await context.newPage();
  await page.goto(address);
  return await Tab.equip(page);
}

/** A server with a page, whose streams a test writes by hand. */
export class HarbourServer {
  readonly server: MisbehavingServer;
  /** The streams that were opened at `/s`, oldest first. */
  readonly streams: HandStream[] = [];
  /** What opens them. */
  readonly openStream: Responder = async (response) => {
    // It never sends one, and a busy machine takes its time.
    await open(response, ": keep-alive 120000\n\n");
    this.streams.push(new HandStream(response));
  };

  private constructor(server: MisbehavingServer) {
    this.server = server;
  }

  static async start(): Promise<HarbourServer> {
    const server = await MisbehavingServer.start();
    server.script("/page", plain(200, { "content-type": "text/html" }, "<!doctype html><title>page</title>"));
    const harbour = new HarbourServer(server);
    server.script("/s", harbour.openStream);
    return harbour;
  }

  get page(): string {
    return `${this.server.origin}/page`;
  }

  /** The requests at `/s`, with what they go on from. */
  get positions(): (string | undefined)[] {
    return this.server.to("/s").map(({ headers }) => headers["last-event-id"]);
  }

  /** Those that are open now. */
  get openStreams(): HandStream[] {
    return this.streams.filter(({ isOpen }) => isOpen);
  }

  /** Lets a tab stand still; what it gives lets the tab go on. */
  async standStill(tab: Tab): Promise<() => Promise<void>> {
    const { promise, open: letGo } = gate();
    this.server.script("/hold", async (response) => {
      await promise;
      response.end();
    });
    onTestFinished(() => letGo());
    const held = tab.standStill("/hold");
    // A test that fails takes the page away.
    held.catch(() => {});
    await waitFor(() => this.server.to("/hold").length > 0, { what: "the tab to stand still" });
    return async () => {
      letGo();
      await held;
    };
  }

  /** Waits for the stream of that number. */
  async stream(index = 0): Promise<HandStream> {
    return await waitFor(() => this.streams[index], {
      boundMs: BOUND_MS,
      what: `stream ${index}`,
    });
  }
}

/** An open response. */
export class HandStream {
  readonly #response: ServerResponse;
  readonly #closed: Promise<void>;
  isOpen = true;

  constructor(response: ServerResponse) {
    this.#response = response;
    this.#closed = new Promise((resolve) => {
      response.on("close", () => {
        this.isOpen = false;
        resolve();
      });
    });
  }

  /** Writes, and waits until the kernel has it or the client is gone. */
  async write(text: string): Promise<void> {
    await Promise.race([write(this.#response, text), this.#closed]);
  }

  /** Sends events whose data and ids are those numbers. */
  async tick(...counts: number[]): Promise<void> {
    for (const count of counts) await this.write(`id: ${count}\nevent: tick\ndata: ${count}\n\n`);
  }

  end(): void {
    this.#response.end();
  }

  destroy(): void {
    this.#response.destroy();
  }
}
