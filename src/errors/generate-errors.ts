import { PinestreamError } from "./base.ts";

/** The configuration of `pinestream generate` cannot be read, or says something that it cannot mean. */
export class ConfigError extends PinestreamError {
  readonly code = "PINE_CONFIG_INVALID";
}

/** A typed client cannot be made from the models: one cannot be loaded, or two endpoints want the same name. */
export class GenerateError extends PinestreamError {
  readonly code = "PINE_GENERATE_FAILED";
}
