import { ConnectionError, ResponseError } from "pinestream/client";

/** Says in a sentence what went wrong. */
export function describeError(error: unknown): string {
  if (error instanceof ConnectionError) return "The office can't be reached.";
  if (error instanceof ResponseError) {
    const problems = error.issues?.map(({ path, message }) => `${path.join(".")}: ${message}`) ?? [];
    if (problems.length > 0) return problems.join("; ");
    return messageIn(error.body) ?? `The office answered ${error.status}.`;
  }
  return error instanceof Error ? error.message : String(error);
}

function messageIn(body: unknown): string | undefined {
  const message = typeof body === "object" && body !== null && "message" in body ? body.message : undefined;
  return typeof message === "string" ? message : undefined;
}
