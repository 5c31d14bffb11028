export { redisBroker, type RedisBrokerOptions } from "./redis-broker.ts";
export type { RedisConnectionOptions } from "./connection.ts";
export type { BrokerStatus, ConnectedBrokerOptions } from "../link/options.ts";
