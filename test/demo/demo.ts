import { onTestFinished } from "vitest";
import { ensurePage } from "../../examples/demo/page-build.ts";
import { Child, type ChildOptions } from "../helpers/child.ts";
import { EventStreamReader } from "../helpers/event-stream.ts";
import { waitFor } from "../helpers/wait-for.ts";

/** One line that the demo prints for pasting into a terminal. */
export interface CurlLine {
  command: string;
  url: string;
  method: "GET" | "POST";
  headers: Record<string, string>;
  body: string | undefined;
}

/** The demo in a process of its own, on a port that was free. */
export interface RunningDemo {
  child: Child;
  address: string;
  lines: CurlLine[];
  /** The printed line of that method whose URL contains `part`. */
  line(method: CurlLine["method"], part: string): CurlLine;
  /** POSTs JSON to an endpoint and gives what it answers. */
  post(path: string, body: unknown): Promise<any>;
}

/** Starts the demo as `npm start` does, but on a free port, and waits for its welcome. */
export async function startDemo(options: ChildOptions = {}): Promise<RunningDemo> {
  // `npm test` has built it already; who runs this test alone may have edited the page.
  await ensurePage();
  const child = new Child("examples/demo/server.ts", {
    ...options,
    env: { PORT: "0", HOST: "127.0.0.1", DATABASE_URL: "", ...options.env },
  });
  const address = await waitFor(
    () => {
      if (child.exit) throw new Error(`the demo ended before it listened:\n${child.output}`);
      // The last of the printed lines: with it the whole welcome has come.
      return child.output.includes("station/drill") ? /open: (http:\S+)/.exec(child.output)?.[1] : undefined;
    },
    { boundMs: 60_000, what: () => `the demo's address; it printed:\n${child.output}` },
  );
  const lines = parseCurlLines(child.output);
  return {
    child,
    address,
    lines,
    line: (method, part) => {
      const found = lines.find((line) => line.method === method && line.url.includes(part));
      if (!found) throw new Error(`no ${method} line for ${part} in:\n${child.output}`);
      return found;
    },
    post: async (path, body) => {
      const response = await fetch(`${address}/api/${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      const answer: unknown = await response.json();
      if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
      return answer;
    },
  };
}

/** A stream that is read while the test goes on, until the test is over. */
export class Watched {
  readonly reader = new EventStreamReader();
  readonly response: Response;
  over = false;
  readonly #abort: AbortController;

  private constructor(response: Response, abort: AbortController) {
    this.response = response;
    this.#abort = abort;
    void this.#read();
  }

  static async open(url: string, headers: Record<string, string> = {}): Promise<Watched> {
    const abort = new AbortController();
    const watched = new Watched(await fetch(url, { headers, signal: abort.signal }), abort);
    onTestFinished(() => watched.leave());
    return watched;
  }

  /** Waits for an event of that name whose data `select` accepts, and gives the data. */
  async event(name: string, select: (data: any) => boolean = () => true, boundMs = 20_000): Promise<any> {
    return await waitFor(() => this.reader.dataOf(name).find(select), {
      boundMs,
      what: () => `event ${name}; so far (over: ${this.over}):\n${this.reader.text.slice(-1000)}`,
    });
  }

  leave(): void {
    this.#abort.abort();
  }

  async #read(): Promise<void> {
    try {
      for await (const bytes of this.response.body ?? []) this.reader.push(bytes);
    } catch {
      // The test left, or the server was stopped: `over` tells it.
    }
    this.over = true;
  }
}

function parseCurlLines(output: string): CurlLine[] {
  return [...output.matchAll(/^ {2}# .+\n {2}(curl .+)$/gm)].map(([, command = ""]) =>
    parseCurlLine(command),
  );
}

/** Reads a printed curl line as the request that it makes. */
export function parseCurlLine(command: string): CurlLine {
  const words = [...command.matchAll(/'([^']*)'|(\S+)/g)].map((match) => match[1] ?? match[2] ?? "");
  const after = (flag: string) => (words.includes(flag) ? words[words.indexOf(flag) + 1] : undefined);
  const header = after("-H")?.split(": ");
  return {
    command,
    url: words.find((word) => word.startsWith("http://")) ?? "",
    method: after("-X") === "POST" ? "POST" : "GET",
    headers: header ? { [header[0] ?? ""]: header[1] ?? "" } : {},
    body: after("-d"),
  };
}
