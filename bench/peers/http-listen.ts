import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

import type { Listening } from "../servers/bench-server.ts";

/** Lets a server listen as all of them do; thousands of connections come at once. */
export async function listenOn(
  server: Server,
  paths: Partial<Omit<Listening, "port">> = {},
): Promise<Listening> {
  server.listen(0, "127.0.0.1", 4096);
  await once(server, "listening");
  return { port: (server.address() as AddressInfo).port, ...PATHS, ...paths };
}

/** The paths of a server that has a route for each kind of stream. */
export const PATHS: Omit<Listening, "port"> = {
  fanOut: () => "/fan-out",
  pull: (count, bytes) => `/pull?count=${count}&bytes=${bytes}`,
};
