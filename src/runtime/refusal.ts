import { jitter } from "../async/jitter.ts";
import { ForbiddenError, ServerBusyError, UnauthorizedError } from "../errors/http-errors.ts";
import type { CloseReason } from "../errors/stream-errors.ts";

/** The HTTP error for a stream that was closed before its head went out. */
export function refusalFor(reason: CloseReason | undefined): Error | undefined {
  switch (reason) {
    case "shutdown":
      return new ServerBusyError("The server is shutting down. Try again.", jitter(1, 5));
    case "lifetime":
      return new ServerBusyError("The stream's lifetime is over. Connect again.", jitter(1, 5));
    case "expired":
      return new UnauthorizedError("The sign-in has expired. Sign in again.");
    case "closed":
      return new ForbiddenError("The stream was closed by the server.");
    default:
      return undefined;
  }
}
