export { runStream } from "./run-stream.ts";
export type { ArgumentsOf, PublishedEvent, RunStreamOptions, StreamMethodName, StreamRun } from "./types.ts";
