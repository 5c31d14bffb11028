import { PinestreamError } from "./base.ts";

/** A declaration that cannot work; thrown when the class is decorated or the server starts. */
export class EndpointDefinitionError extends PinestreamError {
  readonly code = "PINE_ENDPOINT_INVALID";

  /** @param endpoint `ClassName.methodName`, or the class alone where no method is meant. */
  constructor(endpoint: string, problem: string, options: { cause?: unknown } = {}) {
    super(`${endpoint}: ${problem}`, { ...options, endpoint });
  }
}
