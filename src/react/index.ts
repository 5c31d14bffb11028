"use client";

export type {
  StreamHandlers,
  StreamHookStatus,
  StreamOptions,
  StreamReducerResult,
  StreamResult,
} from "./types.ts";
export { useStream, type StreamArguments } from "./use-stream.ts";
export { useStreamReducer } from "./use-stream-reducer.ts";
