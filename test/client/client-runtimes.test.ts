// The suite in other runtimes than Node, each a process that is told what to run.
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { afterAll, beforeAll, describe } from "vitest";
import { bun, deno } from "../helpers/parts.ts";
import { bundleForBrowsers } from "./bundle.ts";
import { MisbehavingServer } from "./misbehaving-server.ts";
import type { Environment } from "./scenarios.ts";
import { describeClient } from "./suite.ts";

const RUNTIMES = [
  { part: bun, options: ["run"] },
  { part: deno, options: ["run", "--allow-net", "--no-remote"] },
];

/** Runs a scenario for each line, and writes what came of it. */
const ANSWER = `
const decoder = new TextDecoder();
let rest = "";
const answer = async (line) => {
  const { id, name, options } = JSON.parse(line);
  const reply = await bundle.scenarios[name](options).then(
    (result) => ({ id, result }),
    (error) => ({ id, error: String(error?.stack ?? error) }),
  );
  console.log(JSON.stringify(reply));
};
const stdin = globalThis.Deno ? Deno.stdin.readable : Bun.stdin.stream();
for await (const bytes of stdin) {
  const lines = (rest + decoder.decode(bytes, { stream: true })).split("\\n");
  rest = lines.pop();
  for (const line of lines) void answer(line);
}
`;

interface Reply {
  result?: unknown;
  error?: string;
}

for (const { part, options } of RUNTIMES) {
  describe.skipIf(!part.present)(`the client in ${part.name}`, () => {
    const waiting = new Map<number, (reply: Reply) => void>();
    let count = 0;
    let folder: string;
    let runtime: ChildProcessByStdio<Writable, Readable, null>;

    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), "pinestream-runtime-"));
      const path = join(folder, "suite.mjs");
      const { code } = await bundleForBrowsers("test/client/scenarios.ts", "iife");
      await writeFile(path, code + ANSWER);
      runtime = spawn(part.path, [...options, path], { stdio: ["pipe", "pipe", "inherit"] });
      createInterface({ input: runtime.stdout }).on("line", (line) => {
        const { id, ...reply } = JSON.parse(line) as Reply & { id: number };
        waiting.get(id)?.(reply);
        waiting.delete(id);
      });
    });
    afterAll(async () => {
      runtime?.kill();
      if (folder) await rm(folder, { recursive: true });
    });

    const environment = {
      name: part.name,
      hasCache: false,
      async run(name, options) {
        const id = ++count;
        const { result, error } = await new Promise<Reply>((resolve) => {
          waiting.set(id, resolve);
          runtime.stdin.write(`${JSON.stringify({ id, name, options })}\n`);
        });
        if (error !== undefined) throw new Error(error);
        return result as never;
      },
    } as Environment;

    describeClient(
      () => environment,
      async () => await MisbehavingServer.start(),
    );
  });
}
