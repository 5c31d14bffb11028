export { z } from "zod";

export { stream, api } from "./endpoint/decorators.ts";
export type { Register } from "./endpoint/register.ts";
export type { APIOptions, HTTPMethod, OverflowPolicy, StreamOptions } from "./endpoint/options.ts";
export type { SSEConnection } from "./connection/types.ts";
export type { EventObject, PublishOptions, StreamEvent } from "./schema/events.ts";
export type { Context } from "./runtime/context.ts";
export type { Authenticate, ExpiringUser } from "./runtime/authenticate.ts";
export type { Guard, Guards } from "./runtime/guards.ts";
export { topic } from "./topic/topic.ts";
export { memoryBroker } from "./topic/memory-broker.ts";
export type { Broker } from "./topic/broker.ts";
export type {
  Topic,
  TopicChannel,
  TopicEvent,
  TopicGap,
  TopicOptions,
  TopicPublishOptions,
  TopicSubscribeOptions,
  TopicSubscription,
} from "./topic/types.ts";
export type { PipeGap, PipeOptions, PipeSource } from "./delivery/pipe.ts";
export { BaseModel } from "./model/base-model.ts";
export type { Change, Changes, Gap, RowChange } from "./changes/types.ts";
export { trackChanges, untrackChanges } from "./changes/track.ts";
export type { DatabaseOptions } from "./database/database.ts";
export type { PoolOptions } from "./postgres/postgres-source.ts";
export { defineConfig, type ClientConfig, type PinestreamConfig } from "./codegen/config.ts";
export type {
  ChangesOptions,
  Conditions,
  FindManyOptions,
  FindManyResult,
  NewRow,
  Order,
  Patch,
} from "./model/types.ts";
export type { Manifest } from "./params/types.ts";
export { createServer, type CreateServerOptions } from "./server/create-server.ts";
export type { ModelSource, PinestreamOptions } from "./server/options.ts";
export type { StreamFilter, StreamInfo, Streams } from "./server/streams.ts";
export type { RunInfo, RunOptions, Runs } from "./runtime/runs.ts";
export type { Run } from "./runtime/types.ts";
export { pinestream as default } from "./server/plugin.ts";

export { isPinestreamError, PinestreamError, type Issue } from "./errors/base.ts";
export { EndpointDefinitionError } from "./errors/endpoint-errors.ts";
export {
  ForbiddenError,
  HTTPError,
  InvalidParametersError,
  RunGoneError,
  ServerBusyError,
  TooManyConnectionsError,
  UnauthorizedError,
} from "./errors/http-errors.ts";
export { ConfigError, GenerateError } from "./errors/generate-errors.ts";
export { ChangesError, DatabaseError, QueryError } from "./errors/model-errors.ts";
export { ManifestError, ParameterDescriptionError } from "./errors/parameter-errors.ts";
export { BrokerError, TopicError } from "./errors/topic-errors.ts";
export { EventValidationError, StreamClosedError, type CloseReason } from "./errors/stream-errors.ts";
