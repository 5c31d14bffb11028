export { createClient } from "./create-client.ts";
export type {
  CallEndpoint,
  CallMethod,
  CallOptions,
  ClientOptions,
  EndpointTable,
  EventData,
  EventName,
  FinalStatus,
  Gap,
  HeaderSource,
  HeaderValues,
  HTTPMethod,
  MethodArguments,
  NoParams,
  ReceivedEvent,
  RetryOptions,
  RevivePlan,
  ReviveRefs,
  StreamEndpoint,
  StreamMethod,
  StreamStatus,
  StreamSubscription,
  SubscribeOptions,
} from "./types.ts";
export { PinestreamError, type Issue } from "../errors/base.ts";
export {
  ConnectionError,
  ResponseError,
  ResponseFormatError,
  SubscriptionClosedError,
} from "../errors/client-errors.ts";
