/** A server that is measured. */
export interface Peer {
  name: string;
  /** Its compiled script. */
  script: string;
  /** Packages whose versions are told; of `bench/`, to be installed. */
  packages: readonly string[];
  /** Only what is ours, or Node's own, takes part in every workload. */
  isOurs?: boolean;
}

/** What everything is compared with. */
export const FLOOR = "floor";
export const NODE_HTTP = "node:http";
/** By topics, and by a publish for each connection. */
export const PIPE = "pinestream";
export const PUBLISH = "pinestream-publish";

/** All servers, in the order of the tables. */
export const PEERS: readonly Peer[] = [
  { name: FLOOR, script: "servers/floor.js", packages: [], isOurs: true },
  { name: PIPE, script: "servers/pinestream-pipe.js", packages: [], isOurs: true },
  { name: PUBLISH, script: "servers/pinestream-publish.js", packages: [], isOurs: true },
  { name: NODE_HTTP, script: "servers/node-http.js", packages: [] },
  { name: "better-sse", script: "peers/better-sse.js", packages: ["better-sse"] },
  { name: "@fastify/sse", script: "peers/fastify-sse.js", packages: ["@fastify/sse", "fastify"] },
  { name: "fastify-sse-v2", script: "peers/fastify-sse-v2.js", packages: ["fastify-sse-v2", "fastify"] },
  { name: "h3", script: "peers/h3.js", packages: ["h3"] },
  { name: "NestJS", script: "peers/nest.js", packages: ["@nestjs/core", "@nestjs/platform-express", "rxjs"] },
  { name: "Hono", script: "peers/hono.js", packages: ["hono", "@hono/node-server"] },
  { name: "tRPC", script: "peers/trpc.js", packages: ["@trpc/server"] },
];
