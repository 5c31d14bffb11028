// Tells whose await chain the running code stands on, by V8's async stack traces.
//
// Each stream has one async function, its runner, that alone awaits the handler's generator. Before a stack is read
// the runners that are looked for are given names of their own (`nameRunner`): V8 asks for a function's name only
// then, and a function with a name of its own takes 300 bytes more. Wherever code is awaited by the handler, directly
// or through helpers, `Promise.all`/`any`/`race`, `then`, `for await` or `yield*`, the runner's name is among the
// frames. It is not for a timer, an event listener, another request, or a promise that nobody awaits.
//
// Not seen: code behind a promise that two awaits share, `new Promise(async …)`, async functions compiled to
// ES2017 or older, and anything under `--no-async-stack-traces`. There the chain counts as somebody else's.
// Holds under tsx, source maps, --inspect and --stack-trace-limit=0, checked on Node 20.

const PREFIX = "pinestream handler ";

/** Node's own files that call listeners and timers. */
const CALLERS = /^node:(?:events|internal\/(?:timers|event_target))$/;

/** Async recursion counts as one chain up to this many frames; what is deeper is not recognised. */
const FRAME_LIMIT = 1000;

let created = 0;

/** The one function that awaits a handler. */
export type Runner = (this: void, ...args: never[]) => Promise<void>;

/** Gives a runner a name that no other has in this process, and returns it. */
export function nameRunner(runner: Runner): string {
  created = (created + 1) % Number.MAX_SAFE_INTEGER;
  const value = PREFIX + created.toString(36);
  Object.defineProperty(runner, "name", { value });
  return value;
}

/** The chain on which the running code stands. */
export interface AwaitChain {
  /** The name of the runner; `undefined` when no handler is below, or its runner has no name yet. */
  name: string | undefined;
  /** The positions of the frames from the caller down to the handler, or to the end, each position once. */
  place: string;
  /** Whether only promises have led here: no timer and no event emitter is among the frames. */
  isJob: boolean;
}

/** Finds the nearest handler below the running code. `above` and what it called are left out of the place. */
export function findAwaitChain(above: (...args: never[]) => unknown): AwaitChain {
  return readTrace(captureTrace(above));
}

/** A stack that was taken and not looked at yet, which is the cheap half of the work. */
export interface Trace {
  stack?: unknown;
}

/** Takes the stack of the running code, without `above` and what it called. */
export function captureTrace(above: (...args: never[]) => unknown): Trace {
  const trace: Trace = {};
  const { stackTraceLimit } = Error;
  try {
    Error.stackTraceLimit = FRAME_LIMIT;
    Error.captureStackTrace(trace, above);
    Error.stackTraceLimit = stackTraceLimit;
  } catch {
    // Frozen intrinsics: nobody's chain can be told, so nothing is thrown into it.
  }
  return trace;
}

/** Finds the nearest handler in a stack. A trace can be read once. */
export function readTrace(trace: Trace): AwaitChain {
  const positions = new Set<string>();
  let isJob = true;
  for (const frame of readFrames(trace)) {
    const name = frame.getFunctionName();
    if (name?.startsWith(PREFIX)) return { name, place: [...positions].join("\n"), isJob };
    if (CALLERS.test(frame.getFileName() ?? "")) isJob = false;
    const position = positionOf(frame);
    // A recursion that goes round is a loop too: depth makes no new place, so each position counts once.
    if (position !== undefined) positions.add(position);
  }
  return { name: undefined, place: [...positions].join("\n"), isJob };
}

/** Node's own frames are left out: which of them run the microtasks differs from turn to turn. */
function positionOf(frame: Frame): string | undefined {
  const branch = frame.getPromiseIndex();
  if (branch !== null) return `#${branch}`;
  const file = frame.getFileName() ?? frame.getEvalOrigin();
  return file?.startsWith("node:") ? undefined : `${file}:${frame.getPosition()}`;
}

interface Frame extends NodeJS.CallSite {
  getPosition(): number;
}

function readFrames(trace: Trace): readonly Frame[] {
  const { prepareStackTrace } = Error;
  let frames: readonly Frame[] = [];
  try {
    Error.prepareStackTrace = (_error, callSites) => {
      frames = callSites as Frame[];
      return "";
    };
    // V8 prepares a stack when it is first read.
    void trace.stack;
  } catch {
    // As in captureTrace.
  } finally {
    restore(prepareStackTrace);
  }
  return frames;
}

function restore(prepareStackTrace: typeof Error.prepareStackTrace): void {
  try {
    if (prepareStackTrace) Error.prepareStackTrace = prepareStackTrace;
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  } catch {
    // What could not be set need not be put back.
  }
}

/** Finds out whether the running V8 and flags give async stack traces at all. */
export async function canFindAwaitChain(): Promise<boolean> {
  let name: string | undefined;
  let found: string | undefined;
  const look = (): void => {
    name = nameRunner(runner);
    found = findAwaitChain(look).name;
  };
  async function* handler(): AsyncGenerator<undefined> {
    await new Promise((resolve) => setImmediate(resolve));
    yield look() as undefined;
  }
  const runner: Runner = async () => {
    await handler().next();
  };
  await runner();
  return name !== undefined && found === name;
}
