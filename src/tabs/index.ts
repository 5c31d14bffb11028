export { sharedFetch, type SharedFetchOptions } from "./shared-fetch.ts";
export type { Scope } from "./identity.ts";
