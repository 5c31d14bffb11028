import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createDeferred } from "../async/deferred.ts";
import { GenerateError } from "../errors/generate-errors.ts";
import type { LoadedModels, LoadMessage, LoadProblem, LoadRequest } from "./module-messages.ts";

/** How long a project's modules may take to load, in ms; those of a large project take a few seconds. */
const LOAD_LIMIT_MS = 60_000;

/** What is kept of what the modules print, in characters; it is shown when they fail. */
const OUTPUT_BOUND = 4_000;

/** From the package's own source it is TypeScript, which is no trouble for tsx. */
const LOADER = import.meta.url.endsWith(".ts")
  ? new URL("./module-loader.ts", import.meta.url)
  : new URL("./module-loader.js", import.meta.url);

/** Where and how modules are loaded. */
export interface ModuleProcessOptions {
  /** The project's folder, in which the modules find themselves. */
  root: string;
  /** The tsconfig whose settings tsx follows; the one of `root` by default. */
  tsconfig?: string;
  /** Ends the process. */
  signal?: AbortSignal;
}

/** Loads the default export of a configuration file, which has to be plain data. @throws GenerateError */
export async function loadConfigFile(file: string, options: ModuleProcessOptions): Promise<unknown> {
  const message = await ask({ kind: "config", file }, options);
  return message.kind === "config" ? message.value : undefined;
}

/** Loads model files and tells of the endpoints that they export. @throws GenerateError naming the file */
export async function loadModelFiles(
  files: readonly string[],
  { prefix, ...options }: ModuleProcessOptions & { prefix: string },
): Promise<LoadedModels> {
  const message = await ask({ kind: "models", files, prefix }, options);
  return message.kind === "models" ? message.models : { endpoints: [], definitions: {} };
}

async function ask(
  request: LoadRequest,
  { root, tsconfig, signal }: ModuleProcessOptions,
): Promise<LoadMessage> {
  const child = fork(fileURLToPath(LOADER), {
    cwd: root,
    execArgv: ["--import", findTsx(root)],
    env: { ...process.env, ...(tsconfig === undefined ? {} : { TSX_TSCONFIG_PATH: tsconfig }) },
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const answer = createDeferred<LoadMessage>();
  const at = {
    file: request.kind === "config" ? request.file : (request.files[0] ?? ""),
    listens: false,
    output: "",
  };
  const fail = (problem: string): void => answer.reject(new GenerateError(describe(problem, at, root)));
  for (const stream of [child.stdout, child.stderr]) {
    stream
      ?.setEncoding("utf8")
      .on("data", (text: string) => (at.output = (at.output + text).slice(-OUTPUT_BOUND)));
  }
  child.on("message", (message: LoadMessage) => {
    if (message.kind === "loading") at.file = message.file;
    else if (message.kind === "listening") at.listens = true;
    else if (message.kind === "problem") answer.reject(toError(message, at.file, root));
    else answer.resolve(message);
  });
  child.on("error", (error) => fail(`cannot be loaded: ${error.message}`));
  // Its output has been read to the end by then.
  child.on("close", (code) =>
    fail(code === 0 ? "waits for something that never comes" : `ended the process (exit code ${code})`),
  );
  const timer = setTimeout(
    () => fail(`has not finished loading after ${LOAD_LIMIT_MS / 1000} s`),
    LOAD_LIMIT_MS,
  );
  const onAbort = (): void => answer.reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    child.send(request);
    return await answer.promise;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
    child.kill("SIGKILL");
  }
}

/** The project's own tsx, or else the one that came with this package. */
function findTsx(root: string): string {
  for (const from of [join(root, "package.json"), fileURLToPath(import.meta.url)]) {
    try {
      return pathToFileURL(createRequire(from).resolve("tsx")).href;
    } catch {
      // Not there; the next one is tried.
    }
  }
  throw new GenerateError(
    "The models are loaded with tsx, which is not installed. Run `npm install -D tsx`, or leave out the client " +
      "(`clients: []`, `--no-client`).",
  );
}

function toError(problem: LoadProblem, file: string, root: string): GenerateError {
  const name = relative(root, file);
  if (problem.isOurs) return new GenerateError(`${name}: ${problem.message}`);
  const place = problem.place === undefined ? "" : ` (at ${relative(root, problem.place)})`;
  return new GenerateError(`${name} cannot be loaded: ${problem.message}${place}`);
}

function describe(
  problem: string,
  at: { file: string; listens: boolean; output: string },
  root: string,
): string {
  const advice = at.listens
    ? " It starts a server when it is imported, which does not happen here; keep models in files of their own."
    : " Models must be loadable without the rest of the application.";
  const output = at.output.trim();
  return `${relative(root, at.file)} ${problem}.${advice}${output && `\nIt printed:\n${output}`}`;
}
