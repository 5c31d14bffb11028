import { STATUS_CODES } from "node:http";

/** The status of an error: its own `statusCode` where that is an HTTP error status, else 500. */
export function statusOf(error: unknown): number {
  const status: unknown = error instanceof Error && "statusCode" in error ? error.statusCode : undefined;
  return typeof status === "number" && Number.isInteger(status) && status >= 400 && status <= 599
    ? status
    : 500;
}

/** The text of an error that a client may see: its message below 500, else the text of the status. */
export function publicMessage(error: unknown): string {
  const status = statusOf(error);
  if (status < 500 && error instanceof Error && error.message !== "") return error.message;
  return STATUS_CODES[status] ?? "Internal Server Error";
}

/** The event in which a handler's failure is told to a client that declared one. */
export function describeFailure(error: unknown): { event: "error"; data: { message: string } } {
  const message = statusOf(error) < 500 ? publicMessage(error) : "Internal Server Error";
  return { event: "error", data: { message } };
}
