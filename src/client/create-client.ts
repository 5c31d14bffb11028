import { callEndpoint } from "./call.ts";
import { prepareRequest } from "./request.ts";
import { Subscription } from "./subscription.ts";
import type {
  CallEndpoint,
  ClientOptions,
  EndpointTable,
  StreamEndpoint,
  SubscribeOptions,
} from "./types.ts";

/**
 * Makes the functions of an api from the table that was generated with its types. Nothing is requested yet. The
 * functions stay the same, so they may serve as identities.
 */
export function createClient<Api extends object>(
  endpoints: EndpointTable<Api>,
  options: ClientOptions = {},
): Api {
  const models = endpoints as EndpointTable<{ [model: string]: { [method: string]: unknown } }>;
  return mapValues(models, (methods) =>
    mapValues(methods, (endpoint) => createMethod(endpoint, options)),
  ) as Api;
}

function createMethod(endpoint: StreamEndpoint | CallEndpoint, client: ClientOptions): unknown {
  const method =
    endpoint.kind === "stream"
      ? (parameters?: object, call: SubscribeOptions = {}) =>
          new Subscription({ endpoint, parameters, client, call })
      : (parameters?: object, call = {}) => callEndpoint(endpoint, client, parameters, call);
  const key = (parameters?: object): string => {
    const { name, target, body } = prepareRequest(endpoint, parameters);
    return `${name} ${body ?? target}`;
  };
  return Object.assign(method, { key });
}

function mapValues<Value, Mapped>(
  values: { readonly [name: string]: Value },
  map: (value: Value) => Mapped,
): { [name: string]: Mapped } {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value)]));
}
