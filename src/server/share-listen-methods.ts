import type { Server, Socket } from "node:net";

/** What Node's HTTP server puts on each of its sockets, to hear of listeners that want the socket's bytes. */
const METHODS = ["on", "addListener", "prependListener"] as const;
/** The name that Node gives all three. */
const WRAPPER = "socketListenerWrap";

type Method = Socket["on"];

const shared = new Map<(typeof METHODS)[number], Method>();

/**
 * Has all sockets of HTTP/1 servers use the functions of the first one: Node makes three for each, which hold nothing
 * of it and take 300 bytes for as long as the connection is open.
 */
export function shareListenMethods(server: Server): void {
  server.on("connection", share);
  server.on("secureConnection", share);
}

function share(socket: Socket): void {
  for (const name of METHODS) {
    if (!Object.hasOwn(socket, name) || socket[name].name !== WRAPPER) continue;
    const method = shared.get(name) ?? socket[name];
    shared.set(name, method);
    (socket as Record<typeof name, Method>)[name] = method;
  }
}
