export { natsBroker, type NatsBrokerOptions } from "./nats-broker.ts";
export type { NatsConnectionOptions } from "./connection.ts";
export type { BrokerStatus, ConnectedBrokerOptions } from "../link/options.ts";
