// Questions and answers between the process that measures and those that it measures, over Node's IPC.

/** What a process can be asked to do. */
// oxlint-disable-next-line typescript/no-explicit-any -- each call knows its own
export type Calls = Record<string, (argument: any) => unknown>;

interface Question {
  id: number;
  call: string;
  argument: unknown;
}

/** An answer, or what went wrong. */
export interface Answer {
  id: number;
  result?: unknown;
  error?: string;
}

/** Answers what the parent asks, one question at a time or several, and ends with the parent. */
export function serveCalls(calls: Calls): void {
  process.on("message", (question: Question) => void answer(calls, question));
  process.on("disconnect", () => process.exit());
  send({ id: 0, result: "ready" });
}

async function answer(calls: Calls, { id, call, argument }: Question): Promise<void> {
  try {
    send({ id, result: await calls[call]?.(argument) });
  } catch (error) {
    send({ id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

function send(message: Answer): void {
  process.send?.(message);
}
