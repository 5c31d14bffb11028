import { callEndpoint } from "./call.ts";
import { locateRequest, prepareRequest, type PreparedRequest } from "./request.ts";
import { Subscription } from "./subscription.ts";
import type {
  CallEndpoint,
  CallOptions,
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
  const prepare = (parameters?: object): PreparedRequest => prepareRequest(endpoint, parameters);
  const address = <Call>(parameters: object | undefined, call: Call) => {
    const request = prepare(parameters);
    return { request, url: locateRequest(request, client), client, call };
  };
  const method =
    endpoint.kind === "call"
      ? async (parameters?: object, call: CallOptions = {}) =>
          await callEndpoint(endpoint, address(parameters, call))
      : (parameters?: object, call: SubscribeOptions = {}) =>
          new Subscription(endpoint, address(parameters, call));
  const key = (parameters?: object): string => {
    const { name, target, body } = prepare(parameters);
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
